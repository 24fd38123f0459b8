import { posix } from 'node:path';
import { type Cancellable, FluxError, yieldTurn } from '../../base/index.ts';
import { formatName, parseImageRef } from '../../image/index.ts';
import { policiesOf } from '../../policy/index.ts';
import type { ChangedFile, FileText, ShellCommand } from '../../repository/index.ts';
import { parseResourceId } from '../../resource/index.ts';
import { decodeText, MAX_FILE_BYTES } from '../decode.ts';
import type { ObjectChange } from '../object-change.ts';
import type { Tree } from '../units/tree.ts';
import type { CommandUnit } from '../units/unit.ts';
import { commandFailed, type FailedCommand } from './command-failed.ts';
import type { ConfiguredCommand } from './config-file.ts';
import type { GenerationOptions } from './generate.ts';

type Role = FailedCommand['role'];

/** A command that edits sources, and what for. */
interface Update extends ShellCommand {
  readonly role: Role;
}

/**
 * Runs the updaters of a unit for each change, in order, on a copy of the files; resolves to the files that they wrote.
 * @throws FluxError `generation/no-updaters`, `generation/command-failed`, `generation/not-a-text`,
 * `generation/too-much-text`, or why nothing can be run
 */
export async function runUpdaters(
  unit: CommandUnit,
  changes: readonly ObjectChange[],
  tree: Tree,
  { runner, timeoutMs }: Pick<GenerationOptions, 'runner' | 'timeoutMs'>,
  cancel: Cancellable,
): Promise<readonly FileText[]> {
  const { directory, configFile } = unit;
  const updates = changes.flatMap((change) => updatesFor(unit, change, timeoutMs));
  const outcome = await runner.run({ files: tree, directory, commands: updates, writable: true }, cancel);
  if (outcome.kind === 'succeeded') return textsOf(outcome.changed, cancel);
  const failed = updates[outcome.command];
  throw commandFailed({
    role: failed?.role ?? 'image updater',
    text: failed?.text ?? '',
    configFile: posix.relative(directory, configFile),
    failure: outcome.failure,
    stderr: outcome.stderr,
    secrets: [],
  });
}

function updatesFor(unit: CommandUnit, { id, manifest, change }: ObjectChange, timeoutMs: number): readonly Update[] {
  const { namespace, kind, name } = parseResourceId(id);
  const workload = { FLUX_WORKLOAD: id, FLUX_WL_NS: namespace ?? '', FLUX_WL_KIND: kind, FLUX_WL_NAME: name };
  const commands = (role: Role, configured: readonly ConfiguredCommand[], variables: Readonly<Record<string, string>>) =>
    configured.map((each) => ({
      role,
      text: each.command,
      environment: { ...workload, ...variables },
      timeoutMs: each.timeoutMs ?? timeoutMs,
    }));
  if (change.kind === 'images') {
    const updaters = updatersOf(unit, 'containerImage');
    return [...change.images].flatMap(([container, image]) =>
      commands('image updater', updaters, { FLUX_CONTAINER: container, ...imageVariables(image) }),
    );
  }
  const updaters = updatersOf(unit, 'policy');
  return [...change.annotations].flatMap(([key, value]) =>
    commands('annotation updater', updaters, {
      FLUX_POLICY: policyOf(key, value, manifest.object.metadata.annotations),
      // Absent when the policy is removed.
      ...(value === null ? {} : { FLUX_POLICY_VALUE: value }),
    }),
  );
}

/** The tag of an image that is pinned has its digest, so that name and tag together are the reference. */
function imageVariables(image: string): Readonly<Record<string, string>> {
  const ref = parseImageRef(image);
  return { FLUX_IMG: formatName(ref), FLUX_TAG: `${ref.tag}${ref.digest === '' ? '' : `@${ref.digest}`}` };
}

/** The policy that an annotation stands for. */
function policyOf(key: string, value: string | null, existing: Readonly<Record<string, string>> | undefined): string {
  const annotations = value === null ? { [key]: existing?.[key] ?? '' } : { [key]: value };
  const [policy] = policiesOf(annotations).keys();
  return policy ?? key;
}

function updatersOf({ name, directory, config }: CommandUnit, what: 'containerImage' | 'policy'): readonly ConfiguredCommand[] {
  const updaters = config.kind === 'commandUpdated' ? config.updaters.flatMap((updater) => updater[what] ?? []) : [];
  if (updaters.length > 0) return updaters;
  const list = what === 'containerImage' ? 'update.containerImage' : 'updaters.policy';
  throw new FluxError(`no ${list} commands to run in ${name} (from path ${directory === '' ? '.' : directory})`, {
    code: 'generation/no-updaters',
    fault: 'user',
    help: `Add a command to \`commandUpdated.updaters\` of that file, under the key ${what}, or use \`patchUpdated\`.`,
  });
}

/** The texts of changed files; all of them together may be as long as one file. */
async function textsOf(changed: readonly ChangedFile[], { signal }: Cancellable): Promise<readonly FileText[]> {
  const texts: FileText[] = [];
  let bytes = 0;
  for (const file of changed) {
    await yieldTurn(signal);
    if (file.kind === 'written') bytes += file.content.length;
    if (bytes > MAX_FILE_BYTES) throw tooMuchText(file.path);
    texts.push(textOf(file));
  }
  return texts;
}

function textOf(file: ChangedFile): FileText {
  if (file.kind === 'deleted') throw notText(file.path, 'deleted it, and only changes and new files are committed');
  try {
    return { path: file.path, content: decodeText(file.content) };
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    throw notText(file.path, 'made it something other than UTF-8 text', error);
  }
}

function notText(path: string, why: string, cause?: FluxError): FluxError {
  return new FluxError(`file ${shown(path)}: an updater ${why}`, {
    code: 'generation/not-a-text',
    fault: 'user',
    help: 'Nothing was committed. Let the updater edit text files only.',
    ...(cause ? { cause } : {}),
  });
}

function tooMuchText(path: string): FluxError {
  const limit = `${MAX_FILE_BYTES >> 20} MiB`;
  return new FluxError(`file ${shown(path)}: with it, updaters changed more than ${limit} of text`, {
    code: 'generation/too-much-text',
    fault: 'user',
    help: `Nothing was committed. Let the updaters change less than ${limit} in one update.`,
  });
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}
