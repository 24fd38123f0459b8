import type { TreeFile } from '../../repository/index.ts';

/** Limits for reading blobs together: number and bytes. */
const BATCH = { files: 64, bytes: 8 << 20 };

/** The files in batches that are read together. */
export function* batches(files: readonly TreeFile[]): Generator<readonly TreeFile[]> {
  let batch: TreeFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length > 0 && (batch.length >= BATCH.files || bytes + file.size > BATCH.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length > 0) yield batch;
}

/** The results of `fetch` in order; the next fetch runs while the previous result is processed. */
export async function* oneAhead<T, R>(all: Iterable<T>, fetch: (each: T) => Promise<R>): AsyncGenerator<R, void> {
  let ahead: Promise<R> | undefined;
  for (const each of all) {
    const before = ahead;
    ahead = fetch(each);
    // If the consumer stops early, the pending fetch is ignored.
    ahead.catch(() => undefined);
    if (before !== undefined) yield await before;
  }
  if (ahead !== undefined) yield await ahead;
}
