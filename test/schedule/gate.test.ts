import { expect, test } from 'vitest';
import { createGate } from '../../src/schedule/gate.ts';
import { processorMs } from '../support/processor.ts';

const OFFICE = '0 9 * * mon-fri / 8h / UTC';
const LATE = '0 15 * * * / 4h / UTC';
const CHRISTMAS = '0 0 24 dec * / 72h / UTC';
const NEVER_BOTH = '0 1 * * * / 1h / UTC';

const at = (text: string) => Date.parse(text);

test.each<[string, readonly string[], readonly string[], string, string]>([
  ['nothing closes', [], [], '2026-11-30T03:00:00Z', 'open'],
  ['in its window', [OFFICE], [], '2026-11-30T10:00:00Z', 'open'],
  ['outside of it', [OFFICE], [], '2026-11-28T10:00:00Z', 'closed by window until 2026-11-30T09:00:00.000Z'],
  ['in both windows', [OFFICE, LATE], [], '2026-11-30T16:00:00Z', 'open'],
  ['in one of two', [OFFICE, LATE], [], '2026-11-30T10:00:00Z', 'closed by window until 2026-11-30T15:00:00.000Z'],
  [
    'in one of two, which ends first',
    [OFFICE, LATE],
    [],
    '2026-11-27T18:00:00Z',
    'closed by window until 2026-11-30T15:00:00.000Z',
  ],
  ['in a freeze, which wins', [OFFICE], [CHRISTMAS], '2026-12-24T10:00:00Z', 'closed by freeze until 2026-12-28T09:00:00.000Z'],
  [
    'in a freeze inside of its window',
    [OFFICE],
    ['0 12 * * * / 1h / UTC'],
    '2026-11-30T12:30:00Z',
    'closed by freeze until 2026-11-30T13:00:00.000Z',
  ],
  ['after a freeze inside of its window', [OFFICE], ['0 12 * * * / 1h / UTC'], '2026-11-30T13:00:00Z', 'open'],
  [
    'in a freeze over the end of its window',
    [OFFICE],
    ['0 16 * * fri / 5h / UTC'],
    '2026-11-27T16:30:00Z',
    'closed by freeze until 2026-11-30T09:00:00.000Z',
  ],
  [
    'after a freeze over a change of the clocks, which lasts in elapsed time',
    ['0 9 * * * / 8h / Europe/Berlin'],
    ['0 0 * * sun / 10h / Europe/Berlin'],
    '2026-10-25T08:30:00Z',
    'open',
  ],
  ['before a freeze', [OFFICE], [CHRISTMAS], '2026-12-23T18:00:00Z', 'closed by window until 2026-12-28T09:00:00.000Z'],
  [
    'in a freeze of each day of a month',
    [],
    ['0 0 * dec * / 24h / UTC'],
    '2026-12-05T10:00:00Z',
    'closed by freeze until 2027-01-01T00:00:00.000Z',
  ],
  ['in a freeze of each day', [], ['0 0 * * * / 24h / UTC'], '2026-12-05T10:00:00Z', 'closed by freeze for ever'],
  ['in windows that never meet', [OFFICE, NEVER_BOTH], [], '2026-11-30T10:00:00Z', 'closed by window for ever'],
  ['with a window that is invalid', [OFFICE, 'weekdays'], [], '2026-11-30T10:00:00Z', 'invalid window "weekdays"'],
  ['with a freeze that is invalid', [], ['x'], '2026-11-30T10:00:00Z', 'invalid freeze "x"'],
])('%s', (_, windows, freezes, time, expected) => {
  const state = createGate({ windows, freezes }).stateAt(at(time));
  const shown =
    state.state === 'open'
      ? 'open'
      : state.state === 'invalid'
        ? `invalid ${state.by} ${JSON.stringify(state.text)}`
        : `closed by ${state.by} ${Number.isFinite(state.opensAt) ? `until ${new Date(state.opensAt).toISOString()}` : 'for ever'}`;
  expect(shown).toBe(expected);
});

test('a freeze without an end is found in little time', () => {
  const gate = createGate({ windows: [], freezes: ['0 0 * * * / 24h / UTC'] });
  expect(processorMs(() => gate.stateAt(at('2026-12-05T10:00:00Z')))).toBeLessThan(1_000);
});
