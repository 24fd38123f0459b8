import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Cancellable, type Clock, FluxError, hasErrno, type Logger, yieldTurn } from '../../base/index.ts';
import type { CommandFailure } from '../../repository/index.ts';
import { removeFolder } from '../child-process/remove-folder.ts';
import { runProcess } from '../child-process/run-process.ts';
import { DEFAULT_LIMITS } from '../limits.ts';

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

/** What is laid out for one run. Paths are relative, and stay below the root. */
interface Files {
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

type Outcome =
  | { readonly kind: 'built'; readonly output: Buffer }
  | { readonly kind: 'failed'; readonly failure: CommandFailure; readonly stderr: string };

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

/**
 * Runs `kustomize build` on files in a private folder. Its callers let no remote address pass; should one, there is no other program to
 * find (`git`), and the proxy that it would use is no address.
 */
export function createKustomize({ program, directory, memoryDirectory, clock, logger }: KustomizeOptions) {
  let made = 0;
  const prepared = new Map<string, Promise<string>>();

  /** The directory for a build, without links, as kustomize shows it. */
  function directoryFor({ files }: Files): Promise<string> {
    const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
    const chosen = bytes <= MAX_IN_MEMORY_BYTES ? memoryDirectory : directory;
    const known = prepared.get(chosen) ?? prepare(chosen);
    prepared.set(chosen, known);
    return known;
  }

  return {
    /** @throws the signal's reason; FluxError `kustomize/not-found`, `sandbox/failed` */
    async build(folder: string, files: Files, options: Cancellable & { readonly timeoutMs: number }): Promise<Outcome> {
      if (program === undefined) throw notFound();
      const top = await directoryFor(files);
      made += 1;
      const own = join(top, String(made));
      const [root, home] = [join(own, 'files'), join(own, 'home')];
      try {
        for (const each of [root, home]) mkdirSync(each, { recursive: true, mode: 0o700 });
        await layOut(root, files, options.signal);
        const ended = await runProcess(
          {
            file: program,
            args: ['build', '.'],
            cwd: join(root, folder),
            environment: { ...GC, PATH: '/nonexistent', HOME: home, TMPDIR: home, HTTP_PROXY: NO_PROXY, HTTPS_PROXY: NO_PROXY },
          },
          {
            timeoutMs: options.timeoutMs,
            outputLeft: DEFAULT_LIMITS.outputBytes,
            outputBytes: DEFAULT_LIMITS.outputBytes,
            memoryBytes: MAX_MEMORY_BYTES,
          },
          { clock, signal: options.signal },
        );
        if (ended.kind === 'succeeded') return { kind: 'built', output: ended.output };
        return { ...ended, stderr: withoutPaths(ended.stderr, own) };
      } finally {
        await remove(own, files).catch((err: unknown) =>
          logger.warn({ err, folder: own }, 'files of kustomize cannot be removed'),
        );
      }
    },
    async close(): Promise<void> {
      for (const each of prepared.keys()) await removeFolder(each);
    },
  };
}

async function prepare(directory: string): Promise<string> {
  await removeFolder(directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return realpath(directory);
}

async function layOut(root: string, { files, links }: Files, signal: AbortSignal | undefined): Promise<void> {
  const folders = new Set<string>();
  for (const [index, { path, ...entry }] of [...files, ...links].entries()) {
    if (index % PER_TURN === PER_TURN - 1) await yieldTurn(signal);
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

async function remove(own: string, { files, links }: Files): Promise<void> {
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
