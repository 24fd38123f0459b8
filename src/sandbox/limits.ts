/** Bounds of one run. */
export interface RunLimits {
  /** Standard output of all commands together, in bytes. */
  readonly outputBytes: number;
  readonly changedFiles: number;
  /** The new content of all changed files, in bytes. */
  readonly changedBytes: number;
  /** The largest file that a command may write, in bytes. */
  readonly fileBytes: number;
}

const MIB = 1024 ** 2;

export const DEFAULT_LIMITS: RunLimits = {
  outputBytes: 64 * MIB,
  changedFiles: 1_000,
  changedBytes: 64 * MIB,
  fileBytes: 1024 * MIB,
};

/** Of the files that commands find. */
export const MAX_FILES = 100_000;
export const MAX_FILES_BYTES = 512 * MIB;
/** Of one of them: its content is in memory when it is laid out. */
export const MAX_FILE_BYTES = 64 * MIB;
/** How many entries besides those of the repository are looked at in search of changes. */
export const MAX_NEW_ENTRIES = 100_000;

/** A number of bytes as a person would write the bound. */
export function inBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 * MIB],
    ['MiB', MIB],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return `${bytes} bytes`;
}

/** A time limit as a person would write it. */
export function inSeconds(ms: number): string {
  return `${ms / 1000} s`;
}
