import type { CommandOutcome } from '../../src/repository/index.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { command, executable, filesOf, link, runOf, submodule } from './command-files.ts';
import type { ImitationHelper, Sent } from './imitation-helper.ts';

const ENTRIES = { 'a.yaml': 'a\n', 'app/run': executable('#!/bin/sh\n'), l: link('a.yaml'), out: link('../x'), lib: submodule };
export const files = filesOf(ENTRIES);
export const RUN = runOf([command('one', { environment: { A: '1' }, timeoutMs: 1_000 }), 'two'], {
  files,
  writable: true,
  directory: 'app',
});
export const OUTCOME: CommandOutcome = {
  kind: 'succeeded',
  outputs: [Buffer.from('first'), Buffer.from('')],
  changed: [
    { path: 'a.yaml', kind: 'deleted' },
    { path: 'b.yaml', kind: 'written', content: Buffer.from('b\n'), executable: true },
  ],
};

/** What happens to the connection at one of the frames, counted over both directions. */
export interface Loss {
  readonly at: number;
  readonly way: 'closed' | 'cut off' | 'no frame' | 'no message' | 'silent';
}

/** What a helper does about RUN, up to a loss. @returns the number of frames */
export async function serve(helper: ImitationHelper, loss?: Loss): Promise<number> {
  let frames = 0;
  /** Whether to go on. */
  const survive = (): boolean => {
    frames += 1;
    if (loss?.at !== frames) return true;
    if (loss.way === 'closed') helper.socket.destroy();
    if (loss.way === 'cut off') helper.socket.end(Buffer.from([0, 0, 0, 9, 0x7b]));
    if (loss.way === 'no frame') helper.socket.write(Buffer.alloc(8, 0xff));
    if (loss.way === 'no message') helper.send({ type: 'surprise' });
    return false;
  };
  const taken: Sent[] = [];
  const take = async () => {
    const frame = await helper.receive();
    if (!frame || !survive()) return false;
    taken.push(frame.message);
    return true;
  };
  const give = (message: object, payload?: string) => {
    if (!survive()) return false;
    helper.send(message, payload);
    return true;
  };
  if (!(await take())) return frames;
  if (!give({ type: 'need', tree: files.id })) return frames;
  if (!(await take())) return frames;
  const count = Number(taken.at(-1)?.files);
  for (let file = 0; file < count; file += 1) if (!(await take())) return frames;
  void (
    give({ type: 'started', command: 0 }) &&
    give({ type: 'output', command: 0 }, 'fir') &&
    give({ type: 'output', command: 0 }, 'st') &&
    give({ type: 'ended', command: 0 }) &&
    give({ type: 'started', command: 1 }) &&
    give({ type: 'ended', command: 1 }) &&
    give({ type: 'written', path: 'b.yaml', executable: true }, 'b\n') &&
    give({ type: 'deleted', path: 'a.yaml' }) &&
    give({ type: 'done' })
  );
  return frames;
}

/** Of a whole run, in both directions. */
export const FRAMES = 16;

const WAYS: readonly Loss['way'][] = ['closed', 'cut off', 'no frame', 'no message', 'silent'];

/** Each frame, lost once in each way. */
export const LOSSES = Array.from({ length: FRAMES }, (_, index) => WAYS.map((way): Loss => ({ at: index + 1, way }))).flat();

/** Moves the clock until something has settled. */
export async function moveUntil(clock: ManualClock, settled: Promise<unknown>): Promise<void> {
  let done = false;
  const end = settled.finally(() => {
    done = true;
  });
  while (!done) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await end;
}
