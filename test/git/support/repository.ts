import { execFile, execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));
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

/** A bare repository with one commit on `main`. */
export function createRemote(
  files: Readonly<Record<string, string>> = { 'apps/a.yaml': 'a: 1\n' },
  ...initFlags: string[]
): Remote {
  const path = join(temporaryDirectory(), 'remote.git');
  // Copying costs a tenth of the processes that make one.
  const key = JSON.stringify([files, initFlags]);
  const template = templates.get(key);
  if (template) {
    cpSync(template, path, { recursive: true });
    return remoteAt(path);
  }
  execGit('/', ['init', '--quiet', '--bare', '--initial-branch=main', '--template=', ...initFlags, path]);
  mkdirSync(join(path, 'hooks'));
  // A push would start a process that finds nothing to tidy.
  appendFileSync(join(path, 'config'), '[receive]\n\tautogc = false\n');
  const remote = remoteAt(path);
  remote.commit(files, 'First');
  const kept = mkdtempSync(join(tmpdir(), 'flux-git-template-'));
  cpSync(path, kept, { recursive: true });
  templates.set(key, kept);
  return remote;
}

function execGit(cwd: string, args: readonly string[], input?: string): string {
  return execFileSync('git', args, { cwd, env: PERSON, encoding: 'utf8', input, stdio: 'pipe' }).trim();
}

function remoteAt(path: string): Remote {
  const read = (name: string) => (existsSync(join(path, name)) ? readFileSync(join(path, name), 'utf8') : '');
  const hasBranch = () => read('refs/heads/main') !== '' || / refs\/heads\/main$/m.test(read('packed-refs'));
  return {
    path,
    git: (...args) => execGit(path, args),
    commit: (files, message = 'Change by a person') => importCommit(path, files, message, hasBranch()),
    rewrite: (files) => importCommit(path, files, 'History rewritten', false),
    hook(name, script) {
      writeFileSync(join(path, 'hooks', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    },
  };
}

/** By one process; a clone with `add`, `commit` and `push` takes a dozen. */
function importCommit(
  path: string,
  files: Readonly<Record<string, string | undefined>>,
  message: string,
  onBranch: boolean,
): string {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const quoted = (name: string) => `"${name.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
  const changes = Object.entries(files).map(([name, text]) =>
    text === undefined ? `D ${quoted(name)}\n` : `M 100644 inline ${quoted(name)}\n${data(text)}`,
  );
  const commands = [
    `commit refs/heads/main\nmark :1\ncommitter Ann <ann@example.org> ${Math.floor(Date.now() / 1000)} +0000\n`,
    data(`${message}\n`),
    onBranch ? 'from refs/heads/main^0\n' : '',
    ...changes,
    'get-mark :1\n',
  ];
  return execGit(path, ['fast-import', '--quiet', '--force'], commands.join(''));
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
