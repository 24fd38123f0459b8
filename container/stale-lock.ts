export const REFRESH_COMMAND = 'npm run build:image -- --refresh';

/** What is locked is not offered any more: Debian keeps only the newest version of a package, a module may have been withdrawn. */
export class StaleLockError extends Error {
  constructor(what: string, from: string, cause?: unknown) {
    super(
      `${what} is locked, but it is no longer at ${from}.\nRefresh the lock, look at what it changes, and commit it:\n  ${REFRESH_COMMAND}`,
      {
        cause,
      },
    );
    this.name = 'StaleLockError';
  }
}
