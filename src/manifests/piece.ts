import { FluxError, parseExactJson } from '../base/index.ts';
import type { SopsFile } from './decryption/layout/layout-of.ts';
import type { Metadata } from './decryption/metadata.ts';
import type { FileChange } from './file-change.ts';
import type { Finding, ParsedFile, ParsedObject } from './finding.ts';
import type { ProposalRequest, Proposals } from './helm/edit/propose.ts';
import type { ValuesText } from './helm/values-file.ts';
import type { FileContent } from './parse-file.ts';
import type { DocumentProblem } from './problem.ts';

/** Requests to the thread: read a file, send the next piece of the result, edit a file, propose edits of values, make a file of values, or find or replace what sops wrote about a file. */
export type ManifestOrder =
  | { readonly kind: 'read'; readonly content: FileContent }
  | { readonly kind: 'more' }
  | { readonly kind: 'change'; readonly text: string; readonly change: FileChange }
  | { readonly kind: 'propose'; readonly request: ProposalRequest }
  | { readonly kind: 'values-file'; readonly values: ValuesText }
  | { readonly kind: 'find-metadata'; readonly file: SopsFile }
  | { readonly kind: 'put-metadata'; readonly file: SopsFile; readonly metadata: Metadata };

/** Responses of the thread, including errors in its input. */
export type ManifestAnswer =
  | { readonly kind: 'piece'; readonly piece: Piece }
  | { readonly kind: 'changed'; readonly text: string }
  | { readonly kind: 'proposed'; readonly proposals: Proposals }
  | { readonly kind: 'metadata'; readonly metadata: Metadata | undefined }
  | { readonly kind: 'refused'; readonly error: ErrorData };

/** A part of the result: receiving one piece costs the daemon less than a millisecond. */
export interface Piece {
  /** JSON text of a list of `ParsedObject`, the fastest transfer between threads. */
  readonly objects: string;
  /** Whether an object contains integers beyond 2^53. */
  readonly isExact: boolean;
  readonly errors: readonly ProblemData[];
  readonly warnings: readonly ProblemData[];
  readonly isLast: boolean;
}

/** An error as plain data, since class instances cannot be sent between threads. */
export type ErrorData = Pick<FluxError, 'message' | 'code' | 'fault' | 'help'>;
type ProblemData = Omit<DocumentProblem, 'error'> & { readonly error: ErrorData };

/** Target size of a piece in characters of JSON; a single object may be longer. */
const PIECE_LENGTH = 64 << 10;

/** Packs the next findings; the last piece is marked. */
export function packPiece(findings: Iterator<Finding>): Piece {
  const objects: string[] = [];
  const errors: ProblemData[] = [];
  const warnings: ProblemData[] = [];
  let isExact = false;
  let length = 0;
  while (length < PIECE_LENGTH) {
    const next = findings.next();
    if (next.done) return { objects: `[${objects}]`, isExact, errors, warnings, isLast: true };
    const finding = next.value;
    if (finding.kind === 'object') {
      const text = JSON.stringify(finding.object);
      objects.push(text);
      length += text.length;
      isExact ||= finding.isExact;
    } else {
      const { error, ...place } = finding.problem;
      (finding.kind === 'error' ? errors : warnings).push({ ...place, error: errorData(error) });
    }
  }
  return { objects: `[${objects}]`, isExact, errors, warnings, isLast: false };
}

export function unpackPiece({ objects, isExact, errors, warnings }: Piece): ParsedFile {
  return {
    objects: (isExact ? parseExactJson(objects) : JSON.parse(objects)) as ParsedObject[],
    errors: errors.map(problemFrom),
    warnings: warnings.map(problemFrom),
  };
}

export function errorData({ message, code, fault, help }: FluxError): ErrorData {
  return { message, code, fault, help };
}

export function errorFrom({ message, code, fault, help }: ErrorData): FluxError {
  return new FluxError(message, { code, fault, ...(help === undefined ? {} : { help }) });
}

function problemFrom({ error, ...place }: ProblemData): DocumentProblem {
  return { ...place, error: errorFrom(error) };
}
