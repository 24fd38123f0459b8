/**
 * The program of the thread that `ManifestThread` starts: it reads or edits one file at a time, or proposes edits, within the thread's memory limit. Untrusted
 * content may exhaust memory or time; then only the thread ends, not the daemon.
 */
import { parentPort } from 'node:worker_threads';
import { FluxError } from '../base/index.ts';
import { metadataOf, withMetadata } from './decryption/layout/layout-of.ts';
import { changeFile } from './file-change.ts';
import type { Finding } from './finding.ts';
import { proposeEdits } from './helm/edit/propose.ts';
import { valuesFile } from './helm/values-file.ts';
import { findingsOf } from './parse-file.ts';
import { errorData, type ManifestAnswer, type ManifestOrder, packPiece } from './piece.ts';

let findings: Iterator<Finding> = [].values();

parentPort?.on('message', (order: ManifestOrder) => parentPort?.postMessage(answer(order)));

function answer(order: ManifestOrder): ManifestAnswer {
  try {
    switch (order.kind) {
      case 'propose':
        return { kind: 'proposed', proposals: proposeEdits(order.request) };
      case 'values-file':
        return { kind: 'changed', text: valuesFile(order.values) };
      case 'change':
        return { kind: 'changed', text: changeFile(order.text, order.change) };
      case 'find-metadata':
        return { kind: 'metadata', metadata: metadataOf(order.file) };
      case 'put-metadata':
        return { kind: 'changed', text: withMetadata(order.file, order.metadata) };
    }
  } catch (error) {
    if (error instanceof FluxError) return { kind: 'refused', error: errorData(error) };
    throw error;
  }
  if (order.kind === 'read') findings = findingsOf(order.content);
  return { kind: 'piece', piece: packPiece(findings) };
}
