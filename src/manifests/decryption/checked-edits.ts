import { posix } from 'node:path';
import { type Cancellable, FluxError } from '../../base/index.ts';
import type { FileText } from '../../repository/index.ts';
import type { ManifestThread } from '../manifest-thread.ts';
import type { ObjectChange } from '../object-change.ts';
import { PATCH_FILE } from '../patch/patch-text.ts';
import { blobId, type Tree } from '../units/tree.ts';
import type { ClearFiles } from './clear-files.ts';
import { refused } from './encrypted-text.ts';
import { type OwnWords, ownWords } from './own-words.ts';

interface Options {
  readonly thread: ManifestThread;
  readonly clearFiles: ClearFiles | undefined;
}

/**
 * Edits of the sources of a unit, if they keep what is encrypted as it is, and write nothing that was decrypted.
 * @throws FluxError `decryption/edit-refused`
 */
export async function checkedEdits(
  edits: readonly FileText[],
  changes: readonly ObjectChange[],
  tree: Tree,
  { thread, clearFiles }: Options,
  cancel: Cancellable,
): Promise<readonly FileText[]> {
  const isDecrypted = changes.some(({ manifest }) => manifest.confidential !== undefined);
  const paths = edits.map(({ path }) => path);
  const { values, fields } = ownWords(changes, paths);
  const wordsFor = (path: string): OwnWords => (posix.basename(path) === PATCH_FILE ? { values, fields } : { values });
  const checked: FileText[] = [];
  for (const { path, content: text } of edits) {
    const file = tree.get(path);
    const before = file ? (await tree.read(file)).toString('utf8') : '';
    const isPlain = !isDecrypted && !before.includes('ENC[');
    const content = isPlain
      ? text
      : await thread.change(before, { kind: 'text', text, ...(isDecrypted ? { words: wordsFor(path) } : {}) }, cancel.signal);
    checked.push(await readable({ path, content }, clearFiles, cancel));
  }
  return checked;
}

/** A text that can be decrypted, if it is encrypted. @throws FluxError `decryption/edit-refused` */
export async function readable(edit: FileText, clearFiles: ClearFiles | undefined, cancel: Cancellable): Promise<FileText> {
  const content = Buffer.from(edit.content);
  try {
    await clearFiles?.of({ path: edit.path, blob: blobId(content) }, content, cancel);
  } catch (error) {
    cancel.signal?.throwIfAborted();
    if (!(error instanceof FluxError)) throw error;
    throw refused('sops could not read it any more', 'Make the change by "sops set".', error);
  }
  return edit;
}
