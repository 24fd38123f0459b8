import { open } from 'node:fs/promises';
import { FluxError, messageOf } from '../../base/index.ts';

/** Size limit of files with a token or a key, in bytes. */
const MAX_BYTES = 64 << 10;

/**
 * The trimmed text of a file with a token or a key. It is read each time it is needed, since the kubelet and others replace it in place.
 * @throws FluxError `git/secret-file` with the flag and the file, never with its content.
 */
export async function readSecretFile(flag: string, file: string): Promise<string> {
  const refused = (why: string, cause?: unknown) =>
    new FluxError(`${flag} ${file}: ${why}`, {
      code: 'git/secret-file',
      help: `Check that the file of ${flag} is mounted, and that fluxd may read it. It is read again for each attempt.`,
      ...(cause === undefined ? {} : { cause }),
    });
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length: number;
  try {
    await using handle = await open(file);
    if (!(await handle.stat()).isFile()) throw new Error('it is not a file');
    length = (await handle.read(buffer, 0, buffer.length, 0)).bytesRead;
  } catch (error) {
    throw refused(messageOf(error), error);
  }
  if (length > MAX_BYTES) throw refused(`it is larger than ${MAX_BYTES >> 10} KiB`);
  const text = buffer.toString('utf8', 0, length).trim();
  if (text === '') throw refused('it is empty');
  return text;
}
