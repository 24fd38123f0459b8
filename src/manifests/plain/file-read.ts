import { FluxError } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import { confidential, type Manifest } from '../../resource/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import { type ParsedFile, refusedFile } from '../finding.ts';
import type { HeapShare } from '../memory-budget.ts';
import type { FileProblem } from '../problem.ts';

/** The manifests of one file, with their locations. */
export interface FileRead extends HeapShare {
  readonly manifests: readonly Manifest[];
  readonly errors: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
  /** Identifies content and the way to read it. */
  readonly contentKey: string;
  /** The version of the variables that it has; absent if it has none. */
  readonly variables?: string;
}

/** The key includes whether the file is JSON, since many JSON files are not manifests. */
export function contentKeyOf({ path, blob, hidden }: TreeFile): string {
  const content = hidden ? `${blob}.hidden` : blob;
  return path.endsWith('.json') ? `${content}.json` : content;
}

const NONE: readonly never[] = [];

/** Approximate heap size of a location, and of a problem with its error. */
const PLACE_BYTES = 200;
const PROBLEM_BYTES = 500;

/** The content at the path of a file. `encrypted` identifies that of an encrypted one, in which names of fields are in the clear. */
export function placed(file: TreeFile, { objects, errors, warnings }: ParsedFile, encrypted?: string): FileRead {
  const { path } = file;
  const manifests = objects.map(({ object, checksum, document, line, item }) => ({
    place: { file: path, document, line, ...(item === undefined ? {} : { item }) },
    object,
    ...(encrypted === undefined ? { checksum } : confidential('values', `${encrypted} ${document} ${item ?? ''}`)),
  }));
  const inFile = (problems: ParsedFile['errors']) =>
    problems.length === 0 ? NONE : problems.map((each) => ({ file: path, ...each }));
  return {
    contentKey: contentKeyOf(file),
    manifests,
    errors: inFile(errors),
    warnings: inFile(warnings),
    bytes: PLACE_BYTES * manifests.length + PROBLEM_BYTES * (errors.length + warnings.length),
    objects: { bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0) },
  };
}

/** The same content at another path, with shared objects. */
export function movedTo(file: string, { manifests, errors, warnings, ...others }: FileRead): FileRead {
  return {
    ...others,
    manifests: manifests.map((manifest) => ({ ...manifest, place: { ...manifest.place, file } })),
    errors: errors.map((problem) => ({ ...problem, file })),
    warnings: warnings.map((problem) => ({ ...problem, file })),
  };
}

/** The result for a file that exceeds the budget or its limits. A later sync reads it again. */
export function unkept(file: string, error: FluxError): FileRead {
  return { contentKey: '', manifests: NONE, errors: [{ file, error }], warnings: NONE, bytes: 0, objects: { bytes: 0 } };
}

export function tooLarge({ size }: TreeFile): ParsedFile {
  const error = new FluxError(`file is ${Math.ceil(size / (1 << 20))} MiB large`, {
    code: 'manifests/file-too-large',
    fault: 'user',
    help: `Files above ${MAX_FILE_BYTES >> 20} MiB are not read. Split it up, or move it out of the --git-path.`,
  });
  return refusedFile(error);
}
