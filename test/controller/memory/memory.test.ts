import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { createLogger, FluxError } from '../../../src/base/index.ts';
import { createAutomationMemory } from '../../../src/controller/memory/automation-memory.ts';
import type { MemoryStore } from '../../../src/controller/ports/memory.ts';
import type { FirstSeen } from '../../../src/update/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const SINCE = Date.parse('2026-12-01T00:00:00Z');
const WHO = { user: 'Ann', message: 'audit', since: SINCE };
const seenOf = (...tags: string[]): FirstSeen =>
  new Map([['acme/web', new Map(tags.map((tag) => [tag, { digest: `of ${tag}`, since: SINCE }]))]]);
const forbidden = new FluxError('configmaps "flux-1" is forbidden', { code: 'cluster/forbidden' });
const unreachable = new FluxError('connection refused', { code: 'cluster/unreachable' });

/** A place in the cluster, and why it cannot be read or written now. */
class Place implements MemoryStore {
  readonly name = 'flux-1';
  data: Record<string, string> = {};
  readError: FluxError | undefined;
  writeError: FluxError | undefined;
  reads = 0;
  writes: Readonly<Record<string, string>>[] = [];

  async read() {
    this.reads += 1;
    if (this.readError) throw this.readError;
    return { ...this.data };
  }

  async write(data: Readonly<Record<string, string>>) {
    if (this.writeError) throw this.writeError;
    this.writes.push(data);
    Object.assign(this.data, data);
  }
}

let place: Place;
let clock: ManualClock;
let log: { readonly msg: string; readonly [field: string]: unknown }[];

beforeEach(() => {
  place = new Place();
  clock = new ManualClock();
  log = [];
});

async function daemon() {
  const destination = new Writable({
    write(chunk, _encoding, done) {
      log.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const logger = await createLogger({ format: 'json', destination });
  const made = createAutomationMemory({ store: place, clock, log: logger, stopping: stopping.signal });
  made.memory.forget();
  return made;
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(1_000, left));
    for (let n = 0; n < 5; n += 1) await turn();
  }
}

/** Reads until the memory knows where it is. */
async function settled(memory: { load(): Promise<void> }): Promise<void> {
  await memory.load().catch(() => undefined);
  await pass(10_000);
  await memory.load();
}

const messages = () => log.map(({ msg }) => msg);

test('what is noted is written in the background, once for many changes, and a restart has it', async () => {
  const { memory, seen } = await daemon();
  expect(memory.keeping).toEqual({ in: 'unread' });
  await memory.load();
  await memory.load();
  expect(place.reads).toBe(1);
  for (const tag of ['1', '2', '3']) seen.note(seenOf(tag));
  expect(place.writes).toEqual([]);
  await pass(2_000);
  expect(place.writes).toHaveLength(1);
  const next = await daemon();
  await next.memory.load();
  expect(next.seen.value).toEqual(seenOf('3'));
  expect(log).toEqual([]);
});

test('what is noted before the memory was read joins it', async () => {
  place.data = { 'first-seen': '{"acme/web":{"1":["of 1",5]}}' };
  const { memory, seen } = await daemon();
  seen.note(new Map([['acme/web', new Map([['1', { digest: 'of 1', since: SINCE }]])]]));
  await pass(5_000);
  expect(place.writes).toEqual([]);
  await memory.load();
  expect(seen.value.get('acme/web')?.get('1')).toEqual({ digest: 'of 1', since: 5_000 });
});

test.each<[string, FluxError, string, number]>([
  ['without the right', forbidden, 'Grant its service account get, create and patch on the ConfigMap flux-1', 1],
  ['outside of the cluster', new FluxError('outside', { code: 'memory/no-namespace' }), 'Run fluxd in the cluster.', 0],
])('%s it is kept in the process, which is logged once', async (_name, error, help, atOnce) => {
  place.readError = error;
  const { memory, seen, suspension } = await daemon();
  await settled(memory);
  expect(memory.keeping).toEqual({ in: 'process', why: error });
  expect(log).toHaveLength(atOnce);
  seen.note(seenOf('1'));
  seen.note(seenOf('1', '2'));
  await pass(5_000);
  expect(seen.value).toEqual(seenOf('1', '2'));
  expect(messages()).toEqual(['memory is kept in the process: minimum ages begin again after a restart']);
  await expect(suspension.keep(WHO)).rejects.toMatchObject({ code: 'memory/not-kept', help: expect.stringContaining(help) });
  expect(suspension.value).toBeUndefined();
});

test('a refusal that passes ends no suspension: nothing is known until it has lasted for 10 s', async () => {
  place.data = { suspension: JSON.stringify({ ...WHO, since: new Date(SINCE).toISOString() }) };
  place.readError = forbidden;
  const { memory, suspension } = await daemon();
  for (const ms of [0, 4_000, 5_000]) {
    await pass(ms);
    await expect(memory.load()).rejects.toMatchObject({ code: 'memory/refused', expected: true });
    expect(memory.keeping).toEqual({ in: 'unread' });
  }
  await expect(suspension.keep(undefined)).rejects.toMatchObject({ code: 'memory/not-kept' });
  place.readError = undefined;
  await pass(5_000);
  await memory.load();
  expect([memory.keeping.in, suspension.value, log]).toEqual(['cluster', WHO, []]);
});

test.each<[string, (memory: { forget(): void; load(): Promise<void> }) => Promise<void>]>([
  ['a new term', async (memory) => memory.forget()],
  [
    'another failure',
    async (memory) => {
      place.readError = unreachable;
      await expect(memory.load()).rejects.toBe(unreachable);
      place.readError = forbidden;
    },
  ],
])('after %s, a refusal has to last again', async (_name, happen) => {
  place.readError = forbidden;
  const { memory } = await daemon();
  await expect(memory.load()).rejects.toMatchObject({ code: 'memory/refused' });
  await pass(9_000);
  await happen(memory);
  await pass(2_000);
  await expect(memory.load()).rejects.toMatchObject({ code: 'memory/refused' });
  await pass(10_000);
  await memory.load();
  expect(memory.keeping.in).toBe('process');
});

test('a right that is granted later is noticed, and what the process knows is kept then', async () => {
  place.readError = forbidden;
  const { memory, seen, suspension } = await daemon();
  await settled(memory);
  seen.note(seenOf('1'));
  place.readError = undefined;
  place.data = { suspension: JSON.stringify({ ...WHO, since: new Date(SINCE).toISOString() }) };
  await memory.load();
  expect(memory.keeping.in).toBe('process');
  await pass(61_000);
  await memory.load();
  expect(memory.keeping.in).toBe('cluster');
  expect(suspension.value).toEqual(WHO);
  await pass(2_000);
  expect(JSON.parse(place.data['first-seen'] ?? '')).toEqual({ 'acme/web': { 1: ['of 1', SINCE / 1000] } });
});

test('a right to read alone is not enough: the first write finds out, and a command says so', async () => {
  place.writeError = forbidden;
  const { memory, seen, suspension } = await daemon();
  await memory.load();
  await expect(suspension.keep(WHO)).rejects.toMatchObject({ code: 'memory/not-kept' });
  seen.note(seenOf('1'));
  await pass(5_000);
  expect(memory.keeping).toEqual({ in: 'process', why: forbidden });
  expect(messages()).toHaveLength(1);
});

test('while it cannot be read it is not known, and a failed write is repeated', async () => {
  place.readError = unreachable;
  const { memory, seen } = await daemon();
  await expect(memory.load()).rejects.toBe(unreachable);
  expect(memory.keeping).toEqual({ in: 'unread' });
  place.readError = undefined;
  await memory.load();
  place.writeError = unreachable;
  seen.note(seenOf('1'));
  await pass(10_000);
  expect(messages()).toEqual(['memory not written; retrying']);
  place.writeError = undefined;
  await pass(70_000);
  expect(place.writes).toHaveLength(1);
});

test('a suspension whose write failed may be there: it is read again', async () => {
  const { memory, suspension } = await daemon();
  await memory.load();
  place.writeError = unreachable;
  await expect(suspension.keep(WHO)).rejects.toBe(unreachable);
  place.data = { suspension: JSON.stringify({ ...WHO, since: new Date(SINCE).toISOString() }) };
  place.writeError = undefined;
  await memory.load();
  expect(suspension.value).toEqual(WHO);
  await suspension.keep(undefined);
  expect([suspension.value, place.data.suspension]).toEqual([undefined, 'null']);
});

test.each(['not JSON', '', '[]', '{"acme/web":{"1":"of 1"}}', '{"acme/web":{"1":["of 1",-1]}}', '7'])(
  'damaged times (%j) are ignored with one line, and written again',
  async (text) => {
    place.data = { 'first-seen': text, other: 'of another version' };
    const { memory, seen } = await daemon();
    await memory.load();
    expect(seen.value).toEqual(new Map());
    expect(log).toMatchObject([{ msg: 'memory is damaged; it begins again', configMap: 'flux-1', key: 'first-seen' }]);
    await pass(2_000);
    expect(place.data).toEqual({ 'first-seen': '{}', other: 'of another version' });
  },
);

test.each(['not JSON', '{}', '{"user":"Ann","message":"","since":"yesterday"}'])(
  'a damaged suspension (%j) suspends, since a person has written it',
  async (text) => {
    place.data = { suspension: text };
    const { memory, suspension } = await daemon();
    await memory.load();
    expect(suspension.value).toMatchObject({ message: 'the record of the suspension is damaged' });
    await pass(2_000);
    const next = await daemon();
    await next.memory.load();
    expect(next.suspension.value).toEqual(suspension.value);
  },
);

test('a term begins with what another daemon may have written, and writes nothing of an earlier one', async () => {
  const { memory, seen, suspension } = await daemon();
  await memory.load();
  seen.note(seenOf('1'));
  memory.forget();
  place.data = { 'first-seen': '{"acme/web":{"2":["of 2",5]}}', suspension: 'null' };
  await pass(5_000);
  expect([place.writes, seen.value, suspension.value]).toEqual([[], new Map(), undefined]);
  await memory.load();
  expect([...(seen.value.get('acme/web')?.keys() ?? [])]).toEqual(['2']);
});

test('a daemon that lost the right to write stops writing', async () => {
  const { memory, seen } = await daemon();
  await memory.load();
  place.writeError = new FluxError('write blocked', { code: 'lease/not-held' });
  seen.note(seenOf('1'));
  await pass(200_000);
  expect([place.writes, log]).toEqual([[], []]);
});

test('a daemon on standby reads what the leader wrote', async () => {
  const { memory, suspension } = await daemon();
  await memory.reload();
  expect(suspension.value).toBeUndefined();
  place.data = { suspension: JSON.stringify({ ...WHO, since: new Date(SINCE).toISOString() }) };
  await memory.reload();
  expect(suspension.value).toEqual(WHO);
});
