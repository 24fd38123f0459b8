import type { LiveReads } from '../../src/controller/index.ts';

const notRead = async (): Promise<never> => {
  throw new Error('this test reads something else');
};

/** Reads of the cluster of which a test needs some. */
export function liveReadsOf(parts: Partial<LiveReads>): LiveReads {
  return { object: notRead, pods: notRead, logs: notRead, ...parts };
}
