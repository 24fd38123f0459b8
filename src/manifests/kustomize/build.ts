import { type Cancellable, FluxError, redact } from '../../base/index.ts';
import type { BuildOutcome, ProcessFailure, ProgramFiles, TreeFile } from '../../repository/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import type { ParsedFile } from '../finding.ts';
import type { ManifestThread } from '../manifest-thread.ts';
import { SYMLINK } from '../resolve-link.ts';
import type { Tree } from '../units/tree.ts';
import type { KustomizeUnit } from '../units/unit.ts';
import type { KustomizeProgram } from './kustomize-program.ts';
import { objectKey } from './object-key.ts';
import { withOrigins } from './origins.ts';
import { saidIn } from './said-in.ts';

export interface KustomizeOptions {
  readonly program: KustomizeProgram;
  /** The thread that parses output. */
  readonly thread: ManifestThread;
  /** The longest that a build may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether each object says which file it is from; each unit is built twice then. */
  readonly origins?: boolean;
  /** Whether errors show what kustomize printed, also where it quotes files. */
  readonly verbatim?: boolean;
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
  options: KustomizeOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  return parsed(unit, () => contentsOf(unit, tree), false, options, cancel);
}

/**
 * The file that each object is from, by `objectKey` and relative to the folder of the unit; empty where kustomize cannot be asked. It
 * builds the unit once more: asking takes a third longer, and a patch may find annotations there that it would not find otherwise.
 * @throws as `build` does
 */
export async function originsOf(
  unit: KustomizeUnit,
  tree: Pick<Tree, 'read'>,
  options: KustomizeOptions,
  cancel: Cancellable,
): Promise<ReadonlyMap<string, string>> {
  const own = unit.files.find(({ path }) => path === unit.configFile);
  const asking = own && withOrigins(await tree.read(own));
  if (asking === undefined) return new Map();
  const asked = async () => {
    const { files, links } = await contentsOf(unit, tree);
    return { files: files.map((file) => (file.path === unit.configFile ? { ...file, content: asking } : file)), links };
  };
  const { objects } = await parsed(unit, asked, true, options, cancel);
  return new Map(objects.flatMap(({ object, origin }) => (origin === undefined ? [] : [[objectKey(object), origin]])));
}

async function parsed(
  unit: KustomizeUnit,
  files: () => Promise<ProgramFiles>,
  hasOrigins: boolean,
  { program, thread, timeoutMs, verbatim = false }: KustomizeOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  const outcome = await program.build(unit.directory, files, { ...cancel, timeoutMs, outputBytes: MAX_FILE_BYTES });
  if (outcome.kind === 'failed') throw failed(outcome, verbatim ? tailOf(outcome.stderr) : saidIn(outcome.stderr, unit));
  const read = await thread.parse({ bytes: outcome.output, isJson: false, hasOrigins }, cancel.signal);
  const broken = read.errors.find(({ error }) => UNREADABLE.has(error.code) || read.objects.length === 0);
  if (broken) throw unreadable(broken.error);
  if (read.objects.length === 0) throw empty();
  return read;
}

async function contentsOf({ files }: KustomizeUnit, tree: Pick<Tree, 'read'>): Promise<ProgramFiles> {
  const all = await Promise.all(files.map(async (file: TreeFile) => ({ file, content: await tree.read(file) })));
  return {
    files: all.flatMap(({ file: { path, mode }, content }) => (mode === SYMLINK ? [] : { path, content })),
    links: all.flatMap(({ file: { path, mode }, content }) =>
      mode === SYMLINK ? { path, target: content.toString('utf8') } : [],
    ),
  };
}

function tailOf(stderr: string): string {
  return redact(stderr).trimEnd().slice(-MAX_OUTPUT).toWellFormed();
}

function failed({ failure }: Extract<BuildOutcome, { readonly kind: 'failed' }>, said: string): FluxError {
  if (failure.kind === 'limit' && failure.limit === 'output') return tooMuch(failure.bound);
  const isTimeout = failure.kind === 'limit' && failure.limit === 'time';
  return new FluxError(`kustomize build failed: ${inWords(failure)}${said === '' ? '' : `\nerror output:\n${said}`}`, {
    code: isTimeout ? 'kustomize/timed-out' : 'kustomize/failed',
    fault: 'user',
    help: `${isTimeout ? 'Raise --sync-timeout, half of which it has.' : 'Run `kustomize build`, or `fluxctl render --kustomize=auto`, in a clone of the repository to see all that it prints; what may be from a file is not shown here.'} It is tried again. What it renders stays as it is in the cluster, and nothing is deleted.`,
  });
}

function inWords(failure: ProcessFailure): string {
  switch (failure.kind) {
    case 'exit':
      return `exit status ${failure.status}`;
    case 'signal':
      return `signal ${failure.signal}`;
    case 'limit':
      return `it exceeded the limit of ${failure.limit}, ${failure.bound}`;
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

function tooMuch(bound: string): FluxError {
  return new FluxError(`kustomize printed more than ${bound}`, {
    code: 'kustomize/too-much-output',
    fault: 'user',
    help: 'Output above that is not read. Divide the kustomization.',
  });
}
