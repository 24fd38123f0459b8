import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Option } from 'commander';
import type { Cause } from '../api/client/index.ts';
import type { Environment } from './session.ts';

export interface CauseFlags {
  readonly message: string;
  readonly user?: string;
}

/** The `-m` option; `use` says what becomes of the reason. */
export function messageOption(use?: string): Option {
  return new Option('-m, --message <text>', use === undefined ? 'reason' : `reason, ${use}`).default('');
}

export function userOption(): Option {
  return new Option('--user <user>', 'author of the change (default git’s user.name and user.email)');
}

/** Who requested an update, and why. --user defaults to the committer in git's configuration. */
export async function causeFrom({ message, user }: CauseFlags, env: Environment): Promise<Cause> {
  return { Message: message, User: user ?? (await gitUser(env)) };
}

/** `Name <email>` from git's configuration, or only the part that is set, or an empty string. */
async function gitUser(env: Environment): Promise<string> {
  const [name, email] = await Promise.all([gitConfig('user.name', env), gitConfig('user.email', env)]);
  if (name !== '' && email !== '') return `${name} <${email}>`;
  return name || email;
}

async function gitConfig(key: string, env: Environment): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['config', '--get', key], { env, timeout: 5000 });
    return stdout.trim();
  } catch {
    return ''; // not set, or git is not installed: the update has no author
  }
}
