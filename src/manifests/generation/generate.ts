import { posix } from 'node:path';
import { type Cancellable, FluxError } from '../../base/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import type { ParsedFile } from '../finding.ts';
import type { ManifestThread } from '../manifest-thread.ts';
import type { Tree } from '../units/tree.ts';
import type { CommandUnit } from '../units/unit.ts';
import { commandFailed } from './command-failed.ts';
import type { CommandRunner } from './command-runner.ts';
import { readPatchFile } from './patch-file-of-unit.ts';

export interface GenerationOptions {
  readonly runner: CommandRunner;
  /** The thread that parses output. */
  readonly thread: ManifestThread;
  /** The variables that commands may see; their values are hidden in errors. */
  readonly environment: Readonly<Record<string, string>>;
  /** The longest that a command may run, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Runs the generators of a unit, and parses what they print with the patches of the unit.
 * @throws FluxError as `runGenerators` and `readPatchFile` do; `generation/empty-output`, `generation/bad-patch`
 */
export async function generate(
  unit: CommandUnit,
  tree: Tree,
  options: GenerationOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  const bytes = await runGenerators(unit, tree, options, cancel);
  const patches = await readPatchFile(unit, tree);
  const parsed = await options.thread.parse(
    { bytes, isJson: false, variables: tree.variables, ...(patches === '' ? {} : { patches }) },
    cancel.signal,
  );
  // An object must not be applied without its patch.
  const bad = parsed.errors.find(({ error }) => error.code === 'generation/bad-patch');
  if (bad) throw bad.error;
  if (parsed.objects.length === 0 && parsed.errors.length === 0 && unit.config.generators.length > 0) throw empty();
  return parsed;
}

/**
 * What the generators of a unit print, as one stream of documents.
 * @throws FluxError `generation/command-failed`, `generation/too-much-output`, or why nothing can be run
 */
export async function runGenerators(
  { directory, configFile, config: { generators } }: CommandUnit,
  tree: Tree,
  { runner, environment, timeoutMs }: GenerationOptions,
  cancel: Cancellable,
): Promise<Buffer> {
  const commands = generators.map((generator) => ({
    text: generator.command,
    environment,
    timeoutMs: Math.min(generator.timeoutMs ?? timeoutMs, timeoutMs),
  }));
  const outcome = await runner.run({ files: tree, directory, commands, writable: false }, cancel);
  if (outcome.kind === 'failed') {
    throw commandFailed({
      role: 'generator',
      text: generators[outcome.command]?.command ?? '',
      configFile: posix.relative(directory, configFile),
      failure: outcome.failure,
      stderr: outcome.stderr,
      secrets: Object.values(environment),
    });
  }
  const bytes = joined(outcome.outputs);
  if (bytes.length > MAX_FILE_BYTES) throw tooMuch(bytes.length);
  return bytes;
}

const START = Buffer.from('---\n');
const NEXT = Buffer.from('\n---\n');
const NEWLINE = '\n'.charCodeAt(0);

/** Each output starts a document, as in Flux v1. */
function joined(outputs: readonly Buffer[]): Buffer {
  return Buffer.concat(
    outputs.flatMap((output, index) => {
      const previous = outputs[index - 1];
      return [previous === undefined || previous.at(-1) === NEWLINE ? START : NEXT, output];
    }),
  );
}

function empty(): FluxError {
  return new FluxError('its commands succeeded, and printed no manifest', {
    code: 'generation/empty-output',
    fault: 'user',
    help: 'A pipeline hides the failure of all but its last command. What the unit renders stays as it is in the cluster, and nothing is deleted. To remove its objects, remove the path from --git-path, or let it print one object.',
  });
}

function tooMuch(bytes: number): FluxError {
  return new FluxError(`its commands printed ${Math.ceil(bytes / (1 << 20))} MiB`, {
    code: 'generation/too-much-output',
    fault: 'user',
    help: `Output above ${MAX_FILE_BYTES >> 20} MiB is not read. Divide the unit: sync several folders, each with less output.`,
  });
}
