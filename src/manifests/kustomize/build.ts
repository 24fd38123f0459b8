import { posix } from 'node:path';
import { type Cancellable, FluxError, redact } from '../../base/index.ts';
import type { CommandFailure, TreeFile } from '../../repository/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import type { ParsedFile } from '../finding.ts';
import type { ManifestThread } from '../manifest-thread.ts';
import { SYMLINK } from '../resolve-link.ts';
import type { Tree } from '../units/tree.ts';
import type { KustomizeUnit } from '../units/unit.ts';
import type { BuildOutcome, KustomizeProgram, ProgramFiles } from './kustomize-program.ts';
import { withOrigins } from './origins.ts';

export interface KustomizeOptions {
  readonly program: KustomizeProgram;
  /** The thread that parses output. */
  readonly thread: ManifestThread;
  /** The longest that a build may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether each object says which file it is from; kustomize takes a third longer then. */
  readonly origins?: boolean;
}

/** So much of the end of what kustomize printed is shown, in characters. */
const MAX_OUTPUT = 1500;

/** kustomize prints none of these unless something is wrong with it, so the rest is not trusted, and it is tried again. */
const UNREADABLE = new Set(['yaml/bad-syntax', 'manifests/binary-file', 'manifests/bad-encoding']);

/**
 * Builds a unit, and reads what kustomize prints. It finds the files of the unit and no others.
 * @throws FluxError `kustomize/failed`, `kustomize/timed-out`, `kustomize/empty-output`, `kustomize/bad-output`,
 * `kustomize/too-much-output`
 */
export async function build(
  unit: KustomizeUnit,
  tree: Pick<Tree, 'read'>,
  { program, thread, timeoutMs, origins = false }: KustomizeOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  const { files, hasOrigins } = await contentsOf(unit, tree, origins);
  const outcome = await program.build(unit.directory, files, { ...cancel, timeoutMs });
  if (outcome.kind === 'failed') throw failed(outcome);
  if (outcome.output.length > MAX_FILE_BYTES) throw tooMuch(outcome.output.length);
  const parsed = await thread.parse({ bytes: outcome.output, isJson: false, hasOrigins }, cancel.signal);
  const broken = parsed.errors.find(({ error }) => UNREADABLE.has(error.code) || parsed.objects.length === 0);
  if (broken) throw unreadable(broken.error);
  if (parsed.objects.length === 0) throw empty();
  return parsed;
}

async function contentsOf(
  unit: KustomizeUnit,
  tree: Pick<Tree, 'read'>,
  origins: boolean,
): Promise<{ readonly files: ProgramFiles; readonly hasOrigins: boolean }> {
  const read = async (file: TreeFile) => ({ file, content: await tree.read(file) });
  const all = await Promise.all(unit.files.map(read));
  const own = all.find(({ file }) => file.path === unit.configFile);
  const asking = origins && own ? withOrigins(own.content) : undefined;
  return {
    files: {
      files: all.flatMap(({ file: { path, mode }, content }) =>
        mode === SYMLINK ? [] : { path, content: (path === unit.configFile ? asking : undefined) ?? content },
      ),
      links: all.flatMap(({ file: { path, mode }, content }) =>
        mode === SYMLINK ? { path, target: content.toString('utf8') } : [],
      ),
    },
    hasOrigins: asking !== undefined,
  };
}

function failed({ failure, stderr }: Extract<BuildOutcome, { readonly kind: 'failed' }>): FluxError {
  const shown = redact(stderr).trimEnd().slice(-MAX_OUTPUT).toWellFormed();
  const isTimeout = failure.kind === 'limit' && failure.limit === 'time';
  return new FluxError(`kustomize build failed: ${inWords(failure)}${shown === '' ? '' : `\nerror output:\n${shown}`}`, {
    code: isTimeout ? 'kustomize/timed-out' : 'kustomize/failed',
    fault: 'user',
    help: `${isTimeout ? 'Raise --sync-timeout, half of which it has.' : 'Run `kustomize build` in a clone of the repository to see why.'} It is tried again. What it renders stays as it is in the cluster, and nothing is deleted.`,
  });
}

function inWords(failure: CommandFailure): string {
  switch (failure.kind) {
    case 'exit':
      return `exit status ${failure.status}`;
    case 'signal':
      return `signal ${failure.signal}`;
    case 'limit':
      return `it exceeded the limit of ${failure.limit}, ${failure.bound}`;
    case 'change':
      return `it changed ${posix.normalize(failure.path)}`;
  }
}

function empty(): FluxError {
  return new FluxError('kustomize built no object', {
    code: 'kustomize/empty-output',
    fault: 'user',
    help: 'What the unit renders stays as it is in the cluster, and nothing is deleted. To remove its objects, remove its folder from Git, or let it have one object.',
  });
}

function unreadable(cause: FluxError): FluxError {
  return new FluxError(`kustomize printed what is no object: ${cause.message}`, {
    code: 'kustomize/bad-output',
    cause,
    help: 'It is tried again. What the unit renders stays as it is in the cluster, and nothing is deleted.',
  });
}

function tooMuch(bytes: number): FluxError {
  return new FluxError(`kustomize printed ${Math.ceil(bytes / (1 << 20))} MiB`, {
    code: 'kustomize/too-much-output',
    fault: 'user',
    help: `Output above ${MAX_FILE_BYTES >> 20} MiB is not read. Divide the kustomization.`,
  });
}
