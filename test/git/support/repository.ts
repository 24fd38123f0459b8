import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createSource, type GitSource, type SourceOptions } from '../../../src/git/index.ts';
import { SOURCE_OPTIONS } from './source-options.ts';

const PERSON = {
  ...process.env,
  GIT_AUTHOR_NAME: 'Ann',
  GIT_AUTHOR_EMAIL: 'ann@example.org',
  GIT_COMMITTER_NAME: 'Ann',
  GIT_COMMITTER_EMAIL: 'ann@example.org',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'flux-git-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface Remote {
  /** The bare repository. */
  readonly path: string;
  /** Runs git in the bare repository and resolves to its output, trimmed. */
  git(...args: string[]): string;
  /** A person's commit on the branch: files by path, undefined deletes; resolves to the revision. */
  commit(files: Readonly<Record<string, string | undefined>>, message?: string): string;
  /** Same, replacing the whole history of the branch. */
  rewrite(files: Readonly<Record<string, string>>): string;
  /** Installs a hook of the server. */
  hook(name: string, script: string): void;
}

/** Kept for all files that the process tests. */
const templates = new Map<string, string>();
process.once('exit', () => {
  for (const directory of templates.values()) rmSync(directory, { recursive: true, force: true });
});

/** A bare repository with one commit on `main`, beside a person's clone that pushes to it. */
export function createRemote(
  files: Readonly<Record<string, string>> = { 'apps/a.yaml': 'a: 1\n' },
  ...initFlags: string[]
): Remote {
  const root = temporaryDirectory();
  // Copying costs a tenth of the seven processes that make one.
  const key = JSON.stringify([files, initFlags]);
  const template = templates.get(key);
  if (template) {
    cpSync(template, root, { recursive: true });
    return remoteIn(root);
  }
  const remote = remoteIn(root);
  execGit(root, ['init', '--quiet', '--bare', '--initial-branch=main', '--template=', ...initFlags, remote.path]);
  execGit(root, ['init', '--quiet', '--initial-branch=main', '--template=', ...initFlags, join(root, 'person')]);
  mkdirSync(join(remote.path, 'hooks'));
  remote.commit(files, 'First');
  const kept = mkdtempSync(join(tmpdir(), 'flux-git-template-'));
  cpSync(root, kept, { recursive: true });
  templates.set(key, kept);
  return remote;
}

function execGit(cwd: string, args: readonly string[]): string {
  return execFileSync('git', args, { cwd, env: PERSON, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function remoteIn(root: string): Remote {
  const path = join(root, 'remote.git');
  const work = join(root, 'person');
  const write = (content: Readonly<Record<string, string | undefined>>) => {
    for (const [name, text] of Object.entries(content)) {
      if (text === undefined) rmSync(join(work, name), { force: true });
      else {
        mkdirSync(dirname(join(work, name)), { recursive: true });
        writeFileSync(join(work, name), text);
      }
    }
    execGit(work, ['add', '--all', '--force']);
  };
  const publish = (message: string, ...flags: string[]) => {
    execGit(work, ['commit', '--quiet', '--allow-empty', '--message', message]);
    execGit(work, ['push', '--quiet', ...flags, path, 'HEAD:refs/heads/main']);
    return execGit(work, ['rev-parse', 'HEAD']);
  };
  return {
    path,
    git: (...args) => execGit(path, args),
    commit(content, message = 'Change by a person') {
      if (readdirSync(join(path, 'refs/heads')).length > 0) {
        execGit(work, ['fetch', '--quiet', path, 'refs/heads/main']);
        execGit(work, ['reset', '--quiet', '--hard', 'FETCH_HEAD']);
      }
      write(content);
      return publish(message);
    },
    rewrite(content) {
      execGit(work, ['checkout', '--quiet', '--orphan', `fresh-${Math.random().toString(36).slice(2)}`]);
      execGit(work, ['rm', '--quiet', '-r', '--force', '.']);
      write(content);
      return publish('History rewritten', '--force');
    },
    hook(name, script) {
      writeFileSync(join(path, 'hooks', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    },
  };
}

/** A source of the repository, closed after the test. */
export function sourceOf(url: string, options: Partial<SourceOptions> = {}): GitSource {
  const source = createSource({
    ...SOURCE_OPTIONS,
    url,
    names: /(?:)/,
    directory: join(temporaryDirectory(), 'mirror'),
    timeoutMs: 20_000,
    environment: { PATH: process.env.PATH, HOME: '/nonexistent' },
    ...options,
  });
  onTestFinished(() => source.close());
  return source;
}

/** The error a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string; help?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a failure');
}

export function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout, stderr) => (error ? reject(new Error(`${command}: ${stderr}`)) : resolve(stdout)));
  });
}
