/** The thread of the disk cache, because SQLite blocks the thread that uses it. It executes orders one after the other. */

import { parentPort, workerData } from 'node:worker_threads';
import { DiskFile } from './disk-file.ts';
import type { DiskAnswer, DiskOrder, DiskSettings } from './disk-order.ts';

const settings: DiskSettings = workerData;
let setAside: string[] = [];
const file = new DiskFile({ ...settings, onSetAside: (reason) => setAside.push(reason) });

function execute(work: DiskOrder['work']): DiskAnswer['outcome'] {
  try {
    if (work.kind === 'read') return { ok: true, values: file.read(work.keys) };
    if (work.kind === 'write') file.write(work.entries, work.now);
    else file.close();
    return { ok: true, values: [] };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', ({ id, work }: DiskOrder) => {
  const outcome = execute(work);
  const answer: DiskAnswer = { id, openings: file.openings, setAside, outcome };
  setAside = [];
  parentPort?.postMessage(answer);
});
