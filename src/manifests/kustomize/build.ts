import pLimit from 'p-limit';
import type { Cancellable } from '../../base/index.ts';
import type { BuildOptions, ProgramFiles, TreeFile } from '../../repository/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import { anyMayBeEncrypted } from '../decryption/any-encrypted.ts';
import type { ClearFiles } from '../decryption/clear-files.ts';
import { quietOutput } from '../decryption/quiet-output.ts';
import type { ParsedFile } from '../finding.ts';
import type { ManifestThread } from '../manifest-thread.ts';
import type { FileContent } from '../parse-file.ts';
import { SYMLINK } from '../resolve-link.ts';
import { objectKey } from '../units/object-key.ts';
import {
  emptyOutput,
  isUnreadable,
  type ProgramWords,
  programFailed,
  quietWords,
  unreadableOutput,
  verbatimTail,
} from '../units/program-errors.ts';
import type { Tree } from '../units/tree.ts';
import type { KustomizeUnit } from '../units/unit.ts';
import type { Kustomize } from './kustomize-program.ts';
import { withOrigins } from './origins.ts';
import { saidIn } from './said-in.ts';

export interface KustomizeOptions extends Kustomize {
  /** Without it, kustomize gets encrypted files as they are. */
  readonly clearFiles?: ClearFiles | undefined;
  /** The thread that parses output. */
  readonly thread: ManifestThread;
}

/** Files of a unit that are opened at once: each may be a run of sops. */
const OPENED_AT_ONCE = 8;

const WORDS: ProgramWords = {
  code: 'kustomize',
  name: 'kustomize',
  command: 'kustomize build',
  seeAll:
    'Run `kustomize build`, or `fluxctl render --kustomize=auto`, in a clone of the repository to see all that it prints; what may be from a file is not shown here.',
  shorten: 'Divide the kustomization.',
  empty: 'kustomize built no object',
};

/**
 * Builds a unit, and reads what kustomize prints. It finds the files of the unit and no others.
 * @throws FluxError `kustomize/failed`, `kustomize/timed-out`, `kustomize/empty-output`, `kustomize/bad-output`,
 * `kustomize/too-much-output`
 */
export async function build(
  unit: KustomizeUnit,
  tree: Pick<Tree, 'read' | 'variables'>,
  options: KustomizeOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  const files = () => contentsOf(unit, tree, options, cancel);
  const filesMayWait = await mayWait(unit, tree, options, cancel);
  return parsed(unit, { files, filesMayWait, hasOrigins: false, variables: tree.variables }, options, cancel);
}

/**
 * The file that each object is from, by `objectKey` and relative to the folder of the unit; empty where kustomize cannot be asked. It
 * builds the unit once more: asking takes a third longer, and a patch may find annotations there that it would not find otherwise.
 * @throws as `build` does
 */
export async function originsOf(
  unit: KustomizeUnit,
  tree: Pick<Tree, 'read' | 'variables'>,
  options: KustomizeOptions,
  cancel: Cancellable,
): Promise<ReadonlyMap<string, string>> {
  const own = unit.files.find(({ path }) => path === unit.configFile);
  const asking = own && withOrigins(await tree.read(own));
  if (asking === undefined) return new Map();
  const asked = async () => {
    const { files, ...others } = await contentsOf(unit, tree, options, cancel);
    return { files: files.map((file) => (file.path === unit.configFile ? { ...file, content: asking } : file)), ...others };
  };
  const filesMayWait = await mayWait(unit, tree, options, cancel);
  const content = { files: asked, filesMayWait, hasOrigins: true, variables: tree.variables };
  const { objects } = await parsed(unit, content, options, cancel);
  return new Map(objects.flatMap(({ object, origin }) => (origin === undefined ? [] : [[objectKey(object), origin]])));
}

/** Whether its files may have to wait for a key service. */
function mayWait(
  { files, asWritten }: KustomizeUnit,
  tree: Pick<Tree, 'read'>,
  { clearFiles }: KustomizeOptions,
  cancel: Cancellable,
): Promise<boolean> {
  const opened = files.filter(({ path, mode }) => mode !== SYMLINK && !asWritten.has(path));
  return anyMayBeEncrypted(opened, tree, clearFiles, cancel);
}

interface Input extends Pick<FileContent, 'hasOrigins' | 'variables'>, Pick<BuildOptions, 'filesMayWait'> {
  readonly files: () => Promise<ProgramFiles>;
}

async function parsed(
  unit: KustomizeUnit,
  { files, filesMayWait = false, ...content }: Input,
  { program, thread, timeoutMs, verbatim = false }: KustomizeOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  let isConfidential = false;
  const laid = async () => {
    const contents = await files();
    isConfidential = contents.isConfidential ?? false;
    return contents;
  };
  const limits = { ...cancel, timeoutMs, outputBytes: MAX_FILE_BYTES, filesMayWait };
  const outcome = await program.build(unit.directory, laid, limits);
  if (outcome.kind === 'failed') {
    if (isConfidential) throw programFailed(quietWords(WORDS), outcome, '');
    throw programFailed(WORDS, outcome, verbatim ? verbatimTail(outcome.stderr) : saidIn(outcome.stderr, unit));
  }
  const output = await thread.parse({ bytes: outcome.output, isJson: false, ...content }, cancel.signal);
  const read = isConfidential ? quietOutput(output) : output;
  const broken = read.errors.find(({ error }) => isUnreadable(error) || read.objects.length === 0);
  if (broken) throw unreadableOutput(WORDS, broken.error);
  if (read.objects.length === 0) throw emptyOutput(WORDS);
  return read;
}

async function contentsOf(
  { files, asWritten }: KustomizeUnit,
  tree: Pick<Tree, 'read'>,
  { clearFiles }: KustomizeOptions,
  cancel: Cancellable,
): Promise<ProgramFiles> {
  let isConfidential = false;
  const failed = new AbortController();
  const signal = cancel.signal ? AbortSignal.any([cancel.signal, failed.signal]) : failed.signal;
  const open = async (file: TreeFile) => {
    signal.throwIfAborted();
    const content = await tree.read(file);
    if (file.mode === SYMLINK || asWritten.has(file.path)) return { file, content };
    const clear = await clearFiles?.of(file, content, { signal });
    isConfidential ||= clear !== undefined;
    return { file, content: clear ?? content };
  };
  const inParallel = pLimit(OPENED_AT_ONCE);
  const opening = files.map((file) => inParallel(() => open(file)));
  const all = await Promise.all(opening).catch(async (error: unknown) => {
    failed.abort(error);
    await Promise.allSettled(opening);
    throw error;
  });
  return {
    isConfidential,
    files: all.flatMap(({ file: { path, mode }, content }) => (mode === SYMLINK ? [] : { path, content })),
    links: all.flatMap(({ file: { path, mode }, content }) =>
      mode === SYMLINK ? { path, target: content.toString('utf8') } : [],
    ),
  };
}
