/**
 * What runs on the thread that `ManifestThread` starts: reading or changing one file at a time, with as much memory as the thread was
 * given. Its content comes from a repository, so it may run out of memory or of time; the thread is ended then, and the daemon is not.
 */
import { parentPort } from 'node:worker_threads';
import { FluxError } from '../base/index.ts';
import { changeFile } from './file-change.ts';
import type { Finding } from './finding.ts';
import { findingsOf } from './parse-file.ts';
import { errorData, type ManifestAnswer, type ManifestOrder, packPiece } from './piece.ts';

let findings: Iterator<Finding> = [].values();

parentPort?.on('message', (order: ManifestOrder) => parentPort?.postMessage(answer(order)));

function answer(order: ManifestOrder): ManifestAnswer {
  if (order.kind === 'change') {
    try {
      return { kind: 'changed', text: changeFile(order.text, order.change) };
    } catch (error) {
      if (error instanceof FluxError) return { kind: 'refused', error: errorData(error) };
      throw error;
    }
  }
  if (order.kind === 'read') findings = findingsOf(order.content);
  return { kind: 'piece', piece: packPiece(findings) };
}
