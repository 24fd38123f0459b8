import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { type Clock, FluxError, hasErrno, type Logger, yieldTurn } from '../../base/index.ts';
import type { BuildOptions, BuildOutcome, ProgramFiles } from '../../repository/index.ts';
import { removeFolder } from '../child-process/remove-folder.ts';
import { runProcess } from '../child-process/run-process.ts';

export interface KustomizeOptions {
  /** Absolute path of the program; undefined if there is none. */
  readonly program: string | undefined;
  /** Of this alone; created, and emptied at the first run and by `close`. */
  readonly directory: string;
  /** The same in memory, for small builds: on a disk, writing and removing their files takes as long as building them. */
  readonly memoryDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

type RunOptions = BuildOptions & { readonly signal: AbortSignal };

/** A garbage collector that waits for memory shortens a build by a sixth. */
const GC = { GOGC: 'off', GOMEMLIMIT: '128MiB' };
/** Of one build: 1,000 objects take a tenth of it. */
const MAX_MEMORY_BYTES = 512 * 1024 ** 2;
/** A container has at least 64 MiB of memory for files, and two builds run at once. */
const MAX_IN_MEMORY_BYTES = 4 * 1024 ** 2;
/** Nothing listens there: a second line of defence behind the check of every path. */
const NO_PROXY = 'http://0.0.0.0:0';
/** Files written between two turns of the event loop; each takes 20 µs, and asking another thread to write it takes longer. */
const PER_TURN = 100;
const BYTES_PER_TURN = 4 * 1024 ** 2;
/** Builds at once, of all sources: each may take MAX_MEMORY_BYTES. */
const AT_ONCE = 2;

/**
 * Runs `kustomize build` on files in a private folder. Its callers let no remote address pass; should one, there is no other program to
 * find (`git`), and the proxy that it would use is no address.
 */
export function createKustomize({ program, directory, memoryDirectory, clock, logger }: KustomizeOptions) {
  let made = 0;
  const prepared = new Map<string, Promise<string>>();
  const inParallel = pLimit(AT_ONCE);
  const closing = new AbortController();
  const builds = new Set<Promise<unknown>>();

  /** The directory itself, without links, as kustomize shows it. */
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

  async function run(file: string, folder: string, files: ProgramFiles, options: RunOptions): Promise<BuildOutcome> {
    const bytes = files.files.reduce((sum, { content }) => sum + content.length, 0);
    if (bytes <= MAX_IN_MEMORY_BYTES) {
      try {
        return await runIn(memoryDirectory, file, folder, files, options);
      } catch (error) {
        if (!hasErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
      }
    }
    return runIn(directory, file, folder, files, options);
  }

  async function runIn(
    chosen: string,
    file: string,
    folder: string,
    files: ProgramFiles,
    options: RunOptions,
  ): Promise<BuildOutcome> {
    const { signal, timeoutMs, outputBytes } = options;
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
          args: ['build', '.'],
          cwd: join(root, folder),
          environment: { ...GC, PATH: '/nonexistent', HOME: home, TMPDIR: home, HTTP_PROXY: NO_PROXY, HTTPS_PROXY: NO_PROXY },
        },
        { timeoutMs, outputLeft: outputBytes, outputBytes, memoryBytes: MAX_MEMORY_BYTES },
        { clock, signal },
      );
      if (ended.kind === 'succeeded') return { kind: 'built', output: ended.output };
      return { ...ended, stderr: withoutPaths(ended.stderr, own) };
    } finally {
      await remove(own, files).catch((err: unknown) => logger.warn({ err, folder: own }, 'files of kustomize cannot be removed'));
    }
  }

  return {
    /**
     * Waits for its turn before it asks for the files, so that only those of running builds are in memory.
     * @throws the signal's reason; what `files` throws; FluxError `kustomize/not-found`, `kustomize/not-written`, `kustomize/closed`,
     * `sandbox/failed`
     */
    async build(folder: string, files: () => Promise<ProgramFiles>, options: BuildOptions): Promise<BuildOutcome> {
      if (program === undefined) throw notFound();
      const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
      signal.throwIfAborted();
      const building = inParallel(async () => {
        signal.throwIfAborted();
        const laid = await files();
        return run(program, folder, laid, { ...options, signal }).catch((error: unknown) => {
          throw isOfSystem(error) ? notWritten(error) : error;
        });
      });
      builds.add(building);
      try {
        return await building;
      } finally {
        builds.delete(building);
      }
    },
    /** Ends all builds, and refuses others. */
    async close(): Promise<void> {
      closing.abort(closed());
      await Promise.allSettled(builds);
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

function notFound(): FluxError {
  return new FluxError('there is no kustomize on the PATH', {
    code: 'kustomize/not-found',
    fault: 'user',
    help: 'The image of fluxd has it. Elsewhere, install kustomize 5.',
  });
}

/** Whether a call of the system failed; everything else is a mistake of ours, or has its words. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** Of a name that no disk takes, two files in one place, or a disk that is full. */
function notWritten(cause: NodeJS.ErrnoException): FluxError {
  const ofNames = hasErrno(cause, 'ENAMETOOLONG', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ELOOP');
  return new FluxError(`files for kustomize cannot be written: ${cause.code}`, {
    code: 'kustomize/not-written',
    fault: ofNames ? 'user' : 'server',
    help: ofNames
      ? 'Rename the files of the unit: two of them have one name, or a name is too long.'
      : 'See whether the volume of TMPDIR has space, and fluxd may write to it and open files. It is tried again.',
    cause,
  });
}

function closed(): FluxError {
  return new FluxError('kustomize is not run any more, because the program ends', { code: 'kustomize/closed', expected: true });
}
