import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runOk } from './process.ts';
import { until } from './until.ts';

/** Files by path: content, a symbolic link, or null to delete one. */
export type Files = Readonly<Record<string, string | Uint8Array | { readonly link: string } | null>>;

/** What Flux writes down about a sync, in `refs/notes/flux-sync`. */
export interface SyncRecord {
  readonly revision: string;
  readonly previous?: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly changes: readonly {
    readonly id?: string;
    readonly outcome: string;
    readonly place?: string;
    readonly reason?: string;
  }[];
  readonly imageUpdates: readonly object[];
}

/** A bare repository, and a person who works on it with ordinary git in a clone. */
export interface Repository {
  /** Directory of the bare repository. */
  readonly directory: string;
  /** The person's clone. */
  readonly clone: string;
  /** Writes and deletes files, commits and pushes; gives the revision. */
  commit(message: string, files: Files): Promise<string>;
  /** Head of the branch in the bare repository. */
  head(): string;
  /** A file as the branch has it now; asking again costs nothing while the branch stays where it is. */
  text(path: string): Promise<string>;
  /** What a ref points to, tags peeled; undefined when it does not exist. */
  resolve(ref: string): Promise<string | undefined>;
  /** Waits until the sync tag is at the revision, and gives the record of that sync. */
  synced(revision: string): Promise<SyncRecord>;
  /** Commits of main since a revision, oldest first. */
  commitsSince(revision: string): Promise<readonly string[]>;
  /** Runs git in the bare repository. */
  git(...args: readonly string[]): Promise<string>;
  /** Runs git in the person's clone. */
  inClone(...args: readonly string[]): Promise<string>;
  /** Brings the clone up to date with what others pushed. */
  pull(): Promise<void>;
  /** Installs a hook on the server side; undefined removes it. */
  hook(name: 'pre-receive' | 'update' | 'post-receive', script: string | undefined): void;
  remove(): void;
}

const PERSON = {
  GIT_AUTHOR_NAME: 'Ann',
  GIT_AUTHOR_EMAIL: 'ann@example.org',
  GIT_COMMITTER_NAME: 'Ann',
  GIT_COMMITTER_EMAIL: 'ann@example.org',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** Without automatic tidying refs stay files, which is what `ref` reads, and no process is started for it. */
const SERVED = '[receive]\n\tadvertisePushOptions = true\n\tautogc = false\n[http]\n\treceivepack = true\n[gc]\n\tauto = 0\n';
const CLONED =
  '[maintenance]\n\tauto = false\n[remote "origin"]\n\turl = ../repository.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n';

let template: Promise<string> | undefined;

/** An empty repository beside its clone, to be copied, which takes a tenth of the time that git takes; kept for all tests of a process. */
async function makeTemplate(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'flux-e2e-git-template-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  const init = (...args: readonly string[]) =>
    runOk('git', ['init', '--quiet', '--template=', '--initial-branch=main', ...args], {
      cwd: root,
      env: { ...PERSON, HOME: root },
    });
  await init('--bare', 'repository.git');
  await init('clone');
  appendFileSync(join(root, 'repository.git/config'), SERVED);
  appendFileSync(join(root, 'clone/.git/config'), CLONED);
  return root;
}

export async function createRepository(): Promise<Repository> {
  const root = mkdtempSync(join(tmpdir(), 'flux-e2e-git-'));
  const [directory, clone] = [join(root, 'repository.git'), join(root, 'clone')];
  const env = { ...PERSON, HOME: root };
  const git = (...args: readonly string[]) => runOk('git', args, { cwd: directory, env });
  const inClone = (...args: readonly string[]) => runOk('git', args, { cwd: clone, env });
  template ??= makeTemplate();
  cpSync(await template, root, { recursive: true });

  /** The raw value of a ref. Reading the file costs nothing while something is waited for. */
  const ref = (name: string) => {
    const file = join(directory, name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  };
  const resolve = async (ref: string) => {
    try {
      return (await git('rev-parse', '--verify', '--quiet', `${ref}^{}`)).trim();
    } catch {
      return undefined; // with --quiet this only says that it is not there
    }
  };
  const head = () => {
    const revision = ref('refs/heads/main');
    if (revision === undefined) throw new Error('nothing was committed yet');
    return revision;
  };
  const texts = new Map<string, Promise<string>>();
  return {
    directory,
    clone,
    git,
    inClone,
    resolve,
    async synced(revision) {
      let seen: string | undefined;
      const reached = async () => {
        const tag = ref('refs/tags/flux-sync');
        if (tag === seen) return false;
        seen = tag;
        return (await resolve('refs/tags/flux-sync')) === revision;
      };
      await until(`the sync tag is at ${revision}`, reached);
      return JSON.parse(await git('notes', '--ref=flux-sync', 'show', revision));
    },
    async commit(message, files) {
      for (const [path, content] of Object.entries(files)) {
        const file = join(clone, path);
        rmSync(file, { recursive: true, force: true });
        if (content === null) continue;
        mkdirSync(dirname(file), { recursive: true });
        if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, file);
        else writeFileSync(file, content);
      }
      await inClone('add', '--all');
      await inClone('commit', '--quiet', '--allow-empty', '--message', message);
      await inClone('push', '--quiet', 'origin', 'main');
      return readFileSync(join(clone, '.git/refs/heads/main'), 'utf8').trim();
    },
    head,
    text(path) {
      const name = `${head()}:${path}`;
      const known = texts.get(name) ?? git('show', name);
      texts.set(name, known);
      return known;
    },
    commitsSince: async (revision) =>
      (await git('rev-list', '--reverse', `${revision}..main`)).split('\n').filter((line) => line !== ''),
    pull: async () => {
      await inClone('pull', '--quiet', '--rebase', 'origin', 'main');
    },
    hook(name, script) {
      const file = join(directory, 'hooks', name);
      if (script === undefined) {
        if (existsSync(file)) rmSync(file);
      } else {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 10 }),
  };
}
