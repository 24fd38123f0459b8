import { isUtf8 } from 'node:buffer';
import { FluxError } from '../base/index.ts';

/** Larger files are refused without reading them. */
export const MAX_FILE_BYTES = 16 << 20;

/** The first line of a Git LFS pointer (git-lfs, docs/spec.md). */
const LFS_POINTER = Buffer.from('version https://git-lfs.github.com/spec/');

/**
 * Decodes a file to text, including its byte order mark.
 * @throws FluxError `manifests/lfs-pointer`, or `manifests/binary-file` or `manifests/bad-encoding`, with line and byte.
 */
export function decodeText(content: Uint8Array): string {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (bytes.subarray(0, LFS_POINTER.length).equals(LFS_POINTER))
    throw new FluxError('file is a Git LFS pointer, and LFS is not supported', {
      code: 'manifests/lfs-pointer',
      fault: 'user',
      help: 'The file is refused, and nothing is deleted until it is fixed. Store it in Git itself: `git lfs untrack`, then `git add --renormalize`.',
    });
  if (bytes.length >= 2 && (bytes.readUInt16BE() === 0xfeff || bytes.readUInt16BE() === 0xfffe)) {
    throw notText('file is UTF-16', 'manifests/bad-encoding', 'Save it as UTF-8.');
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    const message = `file is binary: a NUL at byte ${nul} (line ${lineOf(bytes, nul)})`;
    throw notText(
      message,
      'manifests/binary-file',
      'Give files that are not manifests another extension, or move them out of the --git-path.',
    );
  }
  if (!isUtf8(bytes)) {
    const at = firstInvalid(bytes);
    throw notText(`file is not UTF-8 at byte ${at} (line ${lineOf(bytes, at)})`, 'manifests/bad-encoding', 'Save it as UTF-8.');
  }
  return bytes.toString('utf8');
}

function notText(message: string, code: string, help: string): FluxError {
  return new FluxError(message, { code, fault: 'user', help: `The whole file is refused. ${help}` });
}

function lineOf(bytes: Buffer, at: number): number {
  let line = 1;
  for (let from = bytes.indexOf(10); from >= 0 && from < at; from = bytes.indexOf(10, from + 1)) line++;
  return line;
}

/** Searches by line (LF is never part of another character), then by character. */
function firstInvalid(bytes: Buffer): number {
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0 && isUtf8(bytes.subarray(start, end)); end = bytes.indexOf(10, start))
    start = end + 1;
  while (start < bytes.length) {
    const length = [1, 2, 3, 4].find((count) => start + count <= bytes.length && isUtf8(bytes.subarray(start, start + count)));
    if (length === undefined) break;
    start += length;
  }
  return start;
}
