import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { type Clock, FluxError, hasErrno, type Logger, yieldTurn } from '../../base/index.ts';
import type { BuildOptions, BuildOutcome, ProgramFiles } from '../../repository/index.ts';
import { removeFolder } from '../child-process/remove-folder.ts';
import { runProcess } from '../child-process/run-process.ts';
import { isMemoryBacked } from './memory-backed.ts';

export interface ProgramOptions {
  /** Absolute path of the program; undefined if there is none. */
  readonly program: string | undefined;
  /** Of this alone; created, and emptied at the first run and by `close`. */
  readonly directory: string;
  /** The same in memory, for small builds: on a disk, writing and removing their files takes as long as building them. */
  readonly memoryDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ProgramRunnerOptions extends ProgramOptions {
  /** In errors and their codes. */
  readonly name: 'kustomize' | 'helm' | 'sops' | 'gpg';
  /** The version to install, for people without the image of fluxd. */
  readonly version: string;
  /** What it needs besides what each program gets. Its `home` is private, empty, and removed after the run. */
  readonly environment?: (home: string) => Readonly<Record<string, string>>;
}

/** A run of the program in a folder of the files that are laid out for it. */
export interface ProgramRun {
  readonly args: readonly string[];
  /** Relative to the root of the files. */
  readonly folder: string;
  /** Asked for when it has its turn. */
  readonly files: () => Promise<ProgramFiles>;
  /** What it reads from its standard input; nothing by default. */
  readonly input?: Uint8Array;
  /** What this run needs besides what each gets. */
  readonly environment?: Readonly<Record<string, string>>;
}

type RunOptions = BuildOptions & { readonly signal: AbortSignal };
type Invocation = Omit<ProgramRun, 'files'> & { readonly file: string };

/** A garbage collector that waits for memory shortens a run by a sixth. */
const GC = { GOGC: 'off', GOMEMLIMIT: '128MiB' };
/** Of one run: 1,000 objects take kustomize a tenth of it, and Helm a third with 5 MB of definitions. */
const MAX_MEMORY_BYTES = 512 * 1024 ** 2;
/** A container has at least 64 MiB of memory for files, and two runs of each program are at once. */
const MAX_IN_MEMORY_BYTES = 4 * 1024 ** 2;
/** Decrypted files have no other place. */
const MAX_CONFIDENTIAL_BYTES = 12 * 1024 ** 2;
/** Nothing listens there: a second line of defence behind the check of every path. */
const NO_PROXY = 'http://0.0.0.0:0';
/** Files written between two turns of the event loop; each takes 20 µs, and asking another thread to write it takes longer. */
const PER_TURN = 100;
const BYTES_PER_TURN = 4 * 1024 ** 2;
/** Runs of one program at once, of all sources: each may take MAX_MEMORY_BYTES. */
const AT_ONCE = 2;
/** Runs whose files are got before their turn, which takes as long as key services please; each may hold MAX_CONFIDENTIAL_BYTES. */
const WAITING_AT_ONCE = 8;

/**
 * Runs one program on files in a private folder. Its callers let no remote address pass; should one, there is no other program to find
 * (`git`), and the proxy that it would use is no address.
 */
export function createProgramRunner(options: ProgramRunnerOptions) {
  const { name, program, directory, memoryDirectory, environment, clock, logger } = options;
  let made = 0;
  const prepared = new Map<string, Promise<string>>();
  const inTurn = pLimit(AT_ONCE);
  const inAdvance = pLimit(WAITING_AT_ONCE);
  const closing = new AbortController();
  const runs = new Set<Promise<unknown>>();

  /** The directory itself, without links, as programs show it. */
  async function ready(chosen: string): Promise<string> {
    const preparing = prepared.get(chosen) ?? prepare(chosen);
    prepared.set(chosen, preparing);
    try {
      return await preparing;
    } catch (error) {
      if (prepared.get(chosen) === preparing) prepared.delete(chosen);
      throw error;
    }
  }

  async function runOn(files: ProgramFiles, invocation: Invocation, options: RunOptions): Promise<BuildOutcome> {
    const bytes = files.files.reduce((sum, { content }) => sum + content.length, 0);
    if (files.isConfidential) return runInMemory(bytes, files, invocation, options);
    if (bytes <= MAX_IN_MEMORY_BYTES) {
      try {
        return await runIn(memoryDirectory, files, invocation, options);
      } catch (error) {
        if (!hasErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
      }
    }
    return runIn(directory, files, invocation, options);
  }

  /** @throws FluxError `<name>/no-memory` where decrypted files would be on a disk */
  async function runInMemory(
    bytes: number,
    files: ProgramFiles,
    invocation: Invocation,
    options: RunOptions,
  ): Promise<BuildOutcome> {
    if (bytes > MAX_CONFIDENTIAL_BYTES) throw noMemory(name, `they have more than ${MAX_CONFIDENTIAL_BYTES >> 20} MiB`);
    if (!(await isMemoryBacked(await ready(memoryDirectory)))) throw noMemory(name, `${memoryDirectory} is on a disk`);
    try {
      return await runIn(memoryDirectory, files, invocation, options);
    } catch (error) {
      if (hasErrno(error, 'ENOSPC', 'EDQUOT')) throw noMemory(name, 'there is no room left', error);
      throw error;
    }
  }

  async function runIn(
    chosen: string,
    files: ProgramFiles,
    { file, args, folder, input, environment: ofRun }: Invocation,
    { signal, timeoutMs, outputBytes }: RunOptions,
  ): Promise<BuildOutcome> {
    const top = await ready(chosen);
    made += 1;
    const own = join(top, String(made));
    const [root, home] = [join(own, 'files'), join(own, 'home')];
    try {
      for (const each of [root, home]) mkdirSync(each, { recursive: true, mode: 0o700 });
      await layOut(root, files, signal);
      signal.throwIfAborted();
      const ended = await runProcess(
        {
          file,
          args,
          cwd: join(root, folder),
          environment: {
            ...GC,
            PATH: '/nonexistent',
            HOME: home,
            TMPDIR: home,
            HTTP_PROXY: NO_PROXY,
            HTTPS_PROXY: NO_PROXY,
            ...environment?.(home),
            ...ofRun,
          },
          ...(input ? { input } : {}),
        },
        { timeoutMs, outputLeft: outputBytes, outputBytes, memoryBytes: MAX_MEMORY_BYTES },
        { clock, signal },
      );
      if (ended.kind === 'succeeded') return { kind: 'built', output: ended.output };
      return { ...ended, stderr: withoutPaths(ended.stderr, own) };
    } finally {
      await remove(own, files).catch((err: unknown) =>
        logger.warn({ err, program: name, folder: own }, 'files of a program cannot be removed'),
      );
    }
  }

  return {
    /**
     * Waits for its turn before it asks for the files, so that only those of running ones are in memory, unless they may have to wait.
     * @throws the signal's reason; what `files` throws; FluxError `<name>/not-found`, `<name>/not-written`, `<name>/no-memory`, `<name>/closed`, `sandbox/failed`
     */
    async run({ files, ...invocation }: ProgramRun, limits: BuildOptions): Promise<BuildOutcome> {
      if (program === undefined) throw notFound(options);
      const signal = limits.signal ? AbortSignal.any([limits.signal, closing.signal]) : closing.signal;
      signal.throwIfAborted();
      const take = (get: () => Promise<ProgramFiles>) =>
        inTurn(async () => {
          signal.throwIfAborted();
          const laid = await get();
          return runOn(laid, { file: program, ...invocation }, { ...limits, signal }).catch((error: unknown) => {
            throw isOfSystem(error) ? notWritten(name, error) : error;
          });
        });
      const takeWithFiles = async () => {
        signal.throwIfAborted();
        const laid = await files();
        return take(async () => laid);
      };
      const running = limits.filesMayWait ? inAdvance(takeWithFiles) : take(files);
      runs.add(running);
      try {
        return await running;
      } finally {
        runs.delete(running);
      }
    },
    /** Ends all runs, and refuses others. */
    async close(): Promise<void> {
      closing.abort(closed(name));
      await Promise.allSettled(runs);
      for (const each of prepared.keys()) await removeFolder(each);
    },
  };
}

async function prepare(directory: string): Promise<string> {
  await removeFolder(directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return realpath(directory);
}

async function layOut(root: string, { files, links }: ProgramFiles, signal: AbortSignal | undefined): Promise<void> {
  const folders = new Set<string>();
  let [written, bytes] = [0, 0];
  for (const { path, ...entry } of [...files, ...links]) {
    if (written === PER_TURN || bytes >= BYTES_PER_TURN) {
      await yieldTurn(signal);
      [written, bytes] = [0, 0];
    }
    written += 1;
    if ('content' in entry) bytes += entry.content.length;
    const folder = dirname(path);
    if (!folders.has(folder)) mkdirSync(join(root, folder), { recursive: true, mode: 0o700 });
    folders.add(folder);
    if ('target' in entry) symlinkSync(entry.target, join(root, path));
    else writeFileSync(join(root, path), entry.content, { flag: 'wx', mode: 0o600 });
  }
}

/** As the paths are in the repository. */
function withoutPaths(text: string, own: string): string {
  return text.replaceAll(`${own}/files/`, '').replaceAll(`${own}/files`, '.').replaceAll(`${own}/`, '');
}

async function remove(own: string, { files, links }: ProgramFiles): Promise<void> {
  if (files.length + links.length <= PER_TURN) {
    try {
      return rmSync(own, { recursive: true, force: true });
    } catch (error) {
      if (!hasErrno(error, 'EACCES', 'EPERM')) throw error;
    }
  }
  await removeFolder(own);
}

function notFound({ name, version }: Pick<ProgramRunnerOptions, 'name' | 'version'>): FluxError {
  return new FluxError(`there is no ${name} on the PATH`, {
    code: `${name}/not-found`,
    fault: 'user',
    help: `The image of fluxd has it. Elsewhere, install ${name} ${version}.`,
  });
}

/** Whether a call of the system failed; everything else is a mistake of ours, or has its words. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

function noMemory(name: string, why: string, cause?: unknown): FluxError {
  return new FluxError(`files for ${name} cannot be kept in memory: ${why}`, {
    code: `${name}/no-memory`,
    fault: 'server',
    help: 'Some of them are secret, and such files are never written to a disk. Mount an emptyDir with medium: Memory at /dev/shm that has room for them, or divide the unit. It is tried again.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Of a name that no disk takes, two files in one place, or a disk that is full. */
function notWritten(name: string, cause: NodeJS.ErrnoException): FluxError {
  const ofNames = hasErrno(cause, 'ENAMETOOLONG', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ELOOP');
  return new FluxError(`files for ${name} cannot be written: ${cause.code}`, {
    code: `${name}/not-written`,
    fault: ofNames ? 'user' : 'server',
    help: ofNames
      ? 'Rename the files of the unit: two of them have one name, or a name is too long.'
      : 'See whether the volume of TMPDIR has space, and fluxd may write to it and open files. It is tried again.',
    cause,
  });
}

function closed(name: string): FluxError {
  return new FluxError(`${name} is not run any more, because the program ends`, { code: `${name}/closed`, expected: true });
}
