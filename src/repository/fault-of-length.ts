const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 2048;

/** What keeps a path from being written below a folder of a disk; undefined if its length does not. */
export function faultOfLength(path: string): string | undefined {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `its path has more than ${MAX_PATH_BYTES} bytes`;
  if (path.split('/').some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES))
    return `a part of its path has more than ${MAX_NAME_BYTES} bytes`;
  return undefined;
}
