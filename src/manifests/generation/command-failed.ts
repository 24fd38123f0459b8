import { FluxError, redact, withoutSecret } from '../../base/index.ts';
import type { CommandFailure, RefusedChange } from '../../repository/index.ts';

/** A command that did not succeed, and where it is from. */
export interface FailedCommand {
  /** In Flux v1's words. */
  readonly role: 'generator' | 'image updater' | 'annotation updater';
  readonly text: string;
  /** Path of the config file from the folder in which the command ran. */
  readonly configFile: string;
  readonly failure: CommandFailure;
  readonly stderr: string;
  /** Values that the command received and may have printed. */
  readonly secrets: readonly string[];
}

/** So much of a command is shown, and of the end of what it printed, in characters; together they fit into an error. */
const MAX_COMMAND = 200;
const MAX_OUTPUT = 1500;

/** The error of a failed command: what it was, how it ended, and the end of its standard error without secrets. */
export function commandFailed({ role, text, configFile, failure, stderr, secrets }: FailedCommand): FluxError {
  const shown = secrets.reduce(withoutSecret, redact(stderr)).trimEnd().slice(-MAX_OUTPUT).toWellFormed();
  const command = JSON.stringify(text.length > MAX_COMMAND ? `${text.slice(0, MAX_COMMAND)}…`.toWellFormed() : text);
  const output = shown === '' ? '' : `\nerror output:\n${shown}`;
  return new FluxError(`error executing ${role} command ${command} from file "${configFile}": ${inWords(failure)}${output}`, {
    code: isTimeout(failure) ? 'generation/timed-out' : 'generation/command-failed',
    fault: 'user',
    help: helpFor(failure),
  });
}

/** The exit status and the time limit in Flux v1's words. */
function inWords(failure: CommandFailure): string {
  switch (failure.kind) {
    case 'exit':
      return `exit status ${failure.status}`;
    case 'signal':
      return `signal: ${failure.signal}`;
    case 'limit':
      return failure.limit === 'time'
        ? `context deadline exceeded (after ${failure.bound})`
        : `it exceeded the limit of ${failure.limit}, ${failure.bound}`;
    case 'change':
      return `it left ${CHANGES[failure.what]} at ${JSON.stringify(failure.path)}, which cannot be committed`;
  }
}

const CHANGES: Readonly<Record<RefusedChange, string>> = {
  link: 'a symbolic link',
  'hard-link': 'a hard link',
  'special-file': 'a special file',
  name: 'a name that cannot be in a repository',
  unreadable: 'a file that cannot be read',
  submodule: 'a change of a submodule',
};

function isTimeout(failure: CommandFailure): boolean {
  return failure.kind === 'limit' && failure.limit === 'time';
}

function helpFor(failure: CommandFailure): string {
  const next = isTimeout(failure)
    ? 'Raise --sync-timeout, half of which a command has, and the `timeout` in the file, if it is shorter. It is tried again after ten minutes.'
    : 'Run it in a clone of the repository to see why. It is tried again.';
  return `${next} What it renders stays as it is in the cluster, and nothing is deleted.`;
}
