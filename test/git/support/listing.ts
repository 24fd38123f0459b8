/**
 * Lists a revision in a process of its own, as the daemon does, and prints what that took: `listing.ts <repository> <revision> <directory>`.
 */
import { createSource } from '../../../src/git/index.ts';
import { MANIFEST_NAME } from '../../../src/manifests/index.ts';
import { longestTurn } from '../../support/turn-cpu.ts';
import { SOURCE_OPTIONS } from './source-options.ts';

export interface Took {
  readonly files: number;
  readonly cpuMs: number;
  /** Bytes above what the process had before, at most. */
  readonly rss: number;
  readonly heap: number;
}

const [url = '', revision = '', directory = ''] = process.argv.slice(2);
const source = createSource({
  ...SOURCE_OPTIONS,
  url,
  names: MANIFEST_NAME,
  directory,
  timeoutMs: 100_000,
  environment: { PATH: process.env.PATH },
});
await source.fetch();
const before = process.memoryUsage();
let [rss, heap] = [0, 0];
const look = () => {
  const now = process.memoryUsage();
  rss = Math.max(rss, now.rss - before.rss);
  heap = Math.max(heap, now.heapUsed + now.external - before.heapUsed - before.external);
};
const timer = setInterval(look, 5);
const { result, cpuMs } = await longestTurn(() => source.files(revision));
clearInterval(timer);
look();
await source.close();
console.log(JSON.stringify({ files: result.length, cpuMs, rss, heap } satisfies Took));
