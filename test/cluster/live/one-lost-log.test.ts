import { expect, test } from 'vitest';
import { Resume } from '../../../ui/logs/resume.ts';
import type { Fault } from '../../e2e/harness/fault.ts';
import { question, startPods } from './world.ts';

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['answered 503', { kind: 'answer', status: 503 }],
  ['answered by another server', { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Hi</h1>' }],
  ['lost before it arrives', { kind: 'drop' }],
  ['cut in the middle of its answer', { kind: 'cut', bytes: 100 }],
  ['cut at the end of a line', { kind: 'cut', bytes: 37 }],
  ['lost after it was carried out', { kind: 'lose-answer' }],
];

const TEXTS = ['first', 'again', 'again', '\u001b[31mlast'];

test.each(FAULTS)('a log of which one request is %s is read again where it broke off, each line once', async (_, fault) => {
  const { kubernetes, proxy, reads, own } = await startPods();
  const [pod = ''] = own;
  for (const text of TEXTS) kubernetes.logs.write({ namespace: 'default', pod, container: 'web' }, text);
  proxy.clear();

  /** As the page does. */
  async function readAll(lost: number) {
    let count = 0;
    proxy.intercept = () => (++count === lost ? fault : undefined);
    const resume = new Resume();
    const lines: string[] = [];
    let failures = 0;
    for (let end = ''; end !== 'ended'; ) {
      resume.begin();
      const { sinceTime } = resume;
      const place = { ...question, pod, container: 'web', previous: false, follow: false };
      try {
        const asked = { ...place, ...(sinceTime === undefined ? {} : { sinceTime }) };
        for await (const piece of await reads.logs(asked, { signal: new AbortController().signal }))
          if (piece.type === 'end') end = piece.reason;
          else lines.push(...resume.add(piece.lines));
      } catch (error) {
        failures += 1;
        expect(error).toHaveProperty('code', expect.stringMatching(/^(?:cluster|http)\//));
        expect(failures).toBe(1);
      }
    }
    return { lines: lines.map((line) => line.replace(/^\S+ /, '')), count };
  }

  // From then on the kinds of the cluster are known.
  await readAll(0);
  const { lines, count } = await readAll(0);
  expect(lines).toEqual(['first', 'again', 'again', 'last']);
  for (let number = 1; number <= count; number += 1) {
    expect((await readAll(number)).lines, `after request ${number}`).toEqual(lines);
  }
});
