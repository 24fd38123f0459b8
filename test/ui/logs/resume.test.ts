import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Resume } from '../../../ui/logs/resume.ts';

const START = Date.parse('2030-01-01T00:00:00Z');

/** A line as Kubernetes gives it. */
const lineAt = (ms: number, text: string) => `${new Date(START + ms).toISOString().replace('Z', '000001Z')} ${text}`;

/** What Kubernetes gives since a time, of which it takes whole seconds. */
const since = (log: readonly string[], time: string | undefined) =>
  time === undefined
    ? log
    : log.filter((line) => Date.parse(line.slice(0, line.indexOf(' '))) >= Math.floor(Date.parse(time) / 1000) * 1000);

/** Times that do not fall far behind, as of two outputs of one program; many lines are equal. */
const log = fc
  .array(fc.record({ step: fc.integer({ min: -400, max: 1_500 }), text: fc.constantFrom('a', 'b') }), { maxLength: 60 })
  .map((parts) => {
    let newest = 0;
    return parts.map(({ step, text }) => {
      const at = Math.max(0, newest + step);
      newest = Math.max(newest, at);
      return lineAt(at, text);
    });
  });

test('a log that is read in pieces, each broken off anywhere, has each line once and in order', () => {
  fc.assert(
    fc.property(log, fc.array(fc.nat(60), { maxLength: 20 }), (lines, breaks) => {
      const resume = new Resume();
      const shown: string[] = [];
      let written = 0;
      for (const read of [...breaks, Number.POSITIVE_INFINITY]) {
        // Lines are written while no one reads.
        written = Math.min(lines.length, read === Number.POSITIVE_INFINITY ? lines.length : written + (read % 17));
        resume.begin();
        for (const line of since(lines.slice(0, written), resume.sinceTime).slice(0, read)) shown.push(...resume.add([line]));
      }
      expect(shown).toEqual(lines);
    }),
  );
});

test('what is kept of a long log is bounded', () => {
  const resume = new Resume();
  for (let at = 0; at < 100_000; at += 100) resume.add([lineAt(at, 'x')]);
  resume.begin();
  expect(resume.sinceTime).toBe('2030-01-01T00:01:38Z');
  expect(resume.add([lineAt(50_000, 'x'), lineAt(99_900, 'x')])).toEqual([lineAt(50_000, 'x')]);
});

test('a line of the kubelet, which has no time, is shown', () => {
  const resume = new Resume();
  resume.begin();
  expect(resume.add(['unable to retrieve container logs'])).toEqual(['unable to retrieve container logs']);
  expect(resume.sinceTime).toBeUndefined();
});
