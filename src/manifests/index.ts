/**
 * What the repository wants. Files become *manifests*: objects with the place they were read from. Every file, document and object
 * stands for itself, so that a bad one is named with its place and the rest is read; and a manifest can be changed where it
 * stands, by the exact range of one value, without touching another byte of its file.
 */
export { MAX_FILE_BYTES } from './decode.ts';
export { changeFile, type FileChange } from './file-change.ts';
export { MANIFEST_NAME, type TreeFile } from './files.ts';
export type { EditTarget } from './locate.ts';
export { ManifestThread } from './manifest-thread.ts';
export type { FileProblem } from './problem.ts';
export { createManifestReader, type DesiredManifests, type ManifestReader, type ManifestReaderOptions } from './reader.ts';
