/**
 * What runs on the thread that `Parser` starts: reading one file at a time, with as much memory as the thread was given. Its content
 * comes from a repository, so it may run out of memory or of time; the thread is ended then, and the daemon is not.
 */
import { parentPort } from 'node:worker_threads';
import type { Finding } from './finding.ts';
import { findingsOf } from './parse-file.ts';
import { type ParserOrder, packPiece } from './piece.ts';

let findings: Iterator<Finding> = [].values();

parentPort?.on('message', (order: ParserOrder) => {
  if (order !== 'more') findings = findingsOf(order.read);
  parentPort?.postMessage(packPiece(findings));
});
