import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** Marks the file as ours ("Flux"), and the version of its table. */
const APPLICATION_ID = 0x466c7578;
const TABLE_VERSION = 1;
/** Primary result codes of SQLite for a file that is damaged, lacks our table, or is none of its own. */
const DAMAGED: readonly unknown[] = [1, 11, 26];
/** Time to wait for another process that writes, such as the pod before this one. */
const BUSY_MS = 1_000;
const PAGE_BYTES = 4096;
const PURGE_EVERY_MS = 24 * 3_600_000;

interface Opened {
  readonly database: DatabaseSync;
  readonly select: StatementSync;
  readonly replace: StatementSync;
}

export interface DiskFileOptions {
  readonly path: string;
  /** Entries that were not written for this long are removed. */
  readonly lifeMs: number;
  /** The file does not grow beyond this. */
  readonly maxBytes: number;
  /** Called when a file that cannot be used was renamed. */
  readonly onSetAside: (reason: string) => void;
}

/**
 * Entries in an SQLite file, in the calling thread. SQLite's rollback journal makes each write whole: a process that is killed at any
 * moment leaves a file that the next one opens, on every file system. (A write-ahead log needs memory that processes share, which
 * network file systems lack.) A file that is damaged or not ours is renamed, and a new one begun. After any failure the file is opened
 * again.
 */
export class DiskFile {
  /** How often the file was opened. */
  openings = 0;
  readonly #options: DiskFileOptions;
  #opened: Opened | undefined;
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor(options: DiskFileOptions) {
    this.#options = options;
  }

  read(keys: readonly string[]): readonly (readonly [key: string, value: Uint8Array])[] {
    return this.#use(({ select }) =>
      keys.flatMap((key) => {
        const value = select.get(key)?.value;
        return value instanceof Uint8Array ? [[key, value] as const] : [];
      }),
    );
  }

  /** Writes all of the entries or none. `now` is milliseconds since the epoch. */
  write(entries: readonly (readonly [key: string, value: Uint8Array])[], now: number): void {
    this.#use(({ database, replace }) => {
      database.exec('BEGIN IMMEDIATE');
      if (now - this.#purgedAt >= PURGE_EVERY_MS)
        database.prepare('DELETE FROM entry WHERE written_at < ?').run(now - this.#options.lifeMs);
      for (const [key, value] of entries) replace.run(key, value, now);
      database.exec('COMMIT');
      if (now - this.#purgedAt >= PURGE_EVERY_MS) this.#purgedAt = now;
    });
  }

  close(): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  #use<T>(work: (opened: Opened) => T): T {
    try {
      this.#opened ??= this.#open();
      return work(this.#opened);
    } catch (error) {
      this.close();
      if (!isDamage(error)) throw error;
      this.#setAside(error instanceof Error ? error.message : String(error));
      this.#opened = this.#open();
      return work(this.#opened);
    }
  }

  #open(): Opened {
    const { path, maxBytes } = this.#options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (existsSync(path) && !statSync(path).isFile()) this.#setAside('it is not a file');
    closeSync(openSync(path, 'a', 0o600));
    const database = new DatabaseSync(path, { timeout: BUSY_MS });
    try {
      prepareTable(database, maxBytes);
      this.openings += 1;
      return {
        database,
        select: database.prepare('SELECT value FROM entry WHERE key = ?'),
        replace: database.prepare('INSERT OR REPLACE INTO entry (key, value, written_at) VALUES (?, ?, ?)'),
      };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Replaces what was set aside before; a journal belongs to its file, and would damage the next one. */
  #setAside(reason: string): void {
    const { path, onSetAside } = this.#options;
    for (const suffix of ['-journal', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    renameSync(path, `${path}.unusable`);
    onSetAside(reason);
  }
}

class ForeignFile extends Error {}

/** @throws ForeignFile if there are tables of something else, or of another version of ours */
function prepareTable(database: DatabaseSync, maxBytes: number): void {
  database.exec(
    `PRAGMA temp_store = MEMORY; PRAGMA page_size = ${PAGE_BYTES}; PRAGMA max_page_count = ${Math.floor(maxBytes / PAGE_BYTES)}`,
  );
  const { id, version, tables } = database
    .prepare(
      'SELECT application_id AS id, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables FROM pragma_application_id, pragma_user_version',
    )
    .get() ?? { tables: 0 };
  if (tables === 0) {
    database.exec(`
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value BLOB NOT NULL, written_at INTEGER NOT NULL) STRICT;
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${TABLE_VERSION};
      COMMIT`);
  } else if (id !== APPLICATION_ID || version !== TABLE_VERSION) {
    throw new ForeignFile('it belongs to another program, or another version of this one');
  }
}

function isDamage(error: unknown): boolean {
  if (error instanceof ForeignFile) return true;
  return (
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && DAMAGED.includes(error.errcode & 0xff)
  );
}
