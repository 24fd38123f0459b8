import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSource, type GitSource } from '../../src/git/index.ts';
import { GIT_ENVIRONMENT } from '../../test/git/support/git-environment.ts';
import { SOURCE_OPTIONS } from '../../test/git/support/source-options.ts';
import { freePort } from '../../test/support/free-port.ts';
import { untilServed } from '../../test/support/until.ts';
import { atMost, type Case } from '../case.ts';
import { median } from '../measure.ts';

const FILES = 50_000;
const COMMITS = 10_000;
const EDITS = 50;
const ROUNDS = 9;

function git(cwd: string, args: readonly string[], input = ''): string {
  return execFileSync('git', args, { cwd, env: GIT_ENVIRONMENT, input, encoding: 'utf8', maxBuffer: 1 << 28 }).trim();
}

/** Without blocking this process, in which fluxd's part runs. */
async function run(cwd: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)('git', args, { cwd, env: GIT_ENVIRONMENT, maxBuffer: 1 << 28 });
}

/** Serves the repositories of a directory by git's own daemon; resolves to its URL. */
async function serve(directory: string): Promise<{ readonly url: string; readonly daemon: ChildProcess }> {
  const port = await freePort();
  const args = [
    'daemon',
    '--export-all',
    '--enable=receive-pack',
    `--base-path=${directory}`,
    `--port=${port}`,
    '--listen=127.0.0.1',
  ];
  const daemon = spawn('git', args, { env: GIT_ENVIRONMENT, stdio: 'ignore' });
  return { url: `git://127.0.0.1:${port}`, daemon };
}

const pathOf = (file: number) => `apps/${file % 500}/${file}.yaml`;
const manifestOf = (file: number, version: number) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c${file}\ndata:\n  version: "${version}"\n`;
const data = (text: string | Buffer) =>
  Buffer.concat([Buffer.from(`data ${Buffer.byteLength(text)}\n`), Buffer.from(text), Buffer.from('\n')]);

/** A bare repository of many files and commits, each of which changes one file. */
function largeRepository(directory: string, files: number, commits: number): string {
  const path = join(directory, 'large.git');
  git(directory, ['init', '--quiet', '--bare', '--initial-branch=main', path]);
  const parts: Buffer[] = [];
  for (let commit = 0; commit < commits; commit += 1) {
    parts.push(
      Buffer.from(`commit refs/heads/main\ncommitter A <a@example.org> ${commit + 1} +0000\n`),
      data(`Change ${commit}`),
    );
    const changed = commit === 0 ? Array.from({ length: files }, (_, file) => file) : [commit % files];
    for (const file of changed) parts.push(Buffer.from(`M 100644 inline ${pathOf(file)}\n`), data(manifestOf(file, commit)));
  }
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: path, env: GIT_ENVIRONMENT, input: Buffer.concat(parts) });
  git(path, ['repack', '-a', '-d', '-q']);
  git(path, ['config', 'uploadpack.allowFilter', 'false']);
  return path;
}

/** A new commit on the branch of a bare repository, which changes files. */
function commitTo(path: string, files: readonly number[], version: number): void {
  const parts = [Buffer.from('commit refs/heads/main\ncommitter A <a@example.org> now\n'), data(`Version ${version}`)];
  parts.push(Buffer.from('from refs/heads/main^0\n'));
  for (const file of files) parts.push(Buffer.from(`M 100644 inline ${pathOf(file)}\n`), data(manifestOf(file, version)));
  execFileSync('git', ['fast-import', '--quiet', '--force', '--date-format=now'], {
    cwd: path,
    env: GIT_ENVIRONMENT,
    input: Buffer.concat(parts),
  });
}

function sourceOf(url: string, directory: string, paths: readonly string[] = []): GitSource {
  return createSource({
    ...SOURCE_OPTIONS,
    url,
    directory,
    paths,
    names: /\.yaml$/,
    timeoutMs: 600_000,
    environment: GIT_ENVIRONMENT,
  });
}

async function timed(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function bytesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** The mirror beside git itself, on the same repository. */
export const gitBesideGit: Case = {
  name: 'git',
  title: 'Git beside git itself',
  async run(lab) {
    await lab.close();
    const root = mkdtempSync(join(tmpdir(), 'flux-bench-git-'));
    const [files, commits] = [lab.scaled(FILES), lab.scaled(COMMITS)];
    const path = largeRepository(root, files, commits);
    const { url: origin, daemon } = await serve(root);
    const url = `${origin}/large.git`;
    const source = sourceOf(url, join(root, 'mirror'));
    try {
      await untilServed('git serves', () => git(root, ['ls-remote', '--quiet', url]) !== '');
      await source.files(await source.fetch());
      const clone = join(root, 'clone.git');
      git(root, ['clone', '--quiet', '--bare', '--no-local', url, clone]);
      const disk = bytesIn(join(root, 'mirror')) / bytesIn(clone);

      const polls = await pairs(
        () => source.fetch(),
        () => run(clone, ['ls-remote', '--quiet', url]),
      );
      let version = commits;
      const next = () => {
        version += 1;
        commitTo(path, [version % files], version);
      };
      const changes = await pairs(
        async () => {
          const head = await source.fetch();
          const changed = (await source.files(head)).find((file) => file.path === pathOf(version % files));
          await source.blob(changed?.blob ?? '');
        },
        () => run(clone, ['fetch', '--quiet', 'origin', '+refs/heads/main:refs/heads/main']),
        next,
      );
      const writes = await pairs(
        async () => {
          version += 1;
          const base = await source.fetch();
          const edits = Array.from({ length: EDITS }, (_, n) => ({ path: pathOf(n), content: manifestOf(n, version) }));
          const job = { message: 'Edit', jobId: `job-${version}`, note: '{}' };
          return timed(() => source.commit({ base, edits, ...job }));
        },
        async () => {
          version += 1;
          const work = mkdtempSync(join(root, 'work-'));
          await run(root, ['clone', '--quiet', '--branch=main', clone, work]);
          for (let n = 0; n < EDITS; n += 1) writeFileSync(join(work, pathOf(n)), manifestOf(n, version));
          await run(work, ['commit', '--quiet', '--all', '--message=Edit']);
        },
      );
      const bytes = await partialBytes(root, lab.scaled(1_000));
      const rows = [
        ['poll with nothing new', 'git ls-remote', polls],
        [`one new commit among ${commits}, its file of ${files} read`, 'git fetch', changes],
        [`a commit of ${EDITS} edits, pushed`, 'clone, checkout and commit', writes],
      ] as const;
      return {
        tables: [
          {
            header: ['', 'fluxd, ms', 'beside it', 'ms'],
            rows: rows.map(([what, peer, { ours, theirs }]) => [what, ours.toFixed(1), peer, theirs.toFixed(1)]),
          },
        ],
        bounds: [
          ratio('poll with nothing new, in units of git ls-remote', polls, 1.2),
          ratio('a new commit seen and read, in units of git fetch', changes, 2),
          ratio('a commit of 50 edits, in units of one in a worktree', writes, 0.5),
          atMost('disk, in units of a bare clone', disk, 1.1, { unit: '×', digits: 2 }),
          atMost('bytes of a start that wants a tenth, in units of a full clone', bytes, 0.3, { unit: '×', digits: 2 }),
        ],
      };
    } finally {
      await source.close();
      daemon.kill();
      rmSync(root, { recursive: true, force: true });
    }
  },
};

interface Pair {
  /** Medians, in milliseconds. */
  readonly ours: number;
  readonly theirs: number;
}

/** Both in turn, so that what else the machine does meets both. `ours` may time a part of itself. */
async function pairs(ours: () => unknown, theirs: () => unknown, before: () => void = () => undefined): Promise<Pair> {
  const [a, b]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    before();
    let own: unknown;
    const whole = await timed(async () => {
      own = await ours();
    });
    a.push(typeof own === 'number' ? own : whole);
    b.push(await timed(theirs));
  }
  return { ours: median(a), theirs: median(b) };
}

function ratio(promise: string, { ours, theirs }: Pair, limit: number) {
  return atMost(promise, ours / theirs, limit, { unit: '×', digits: 2 });
}

/** Of incompressible files, 50 of which are rewritten by each commit, a tenth is wanted. */
async function partialBytes(root: string, files: number): Promise<number> {
  const path = join(root, 'noise.git');
  git(root, ['init', '--quiet', '--bare', '--initial-branch=main', path]);
  const noise = () => {
    const bytes = Buffer.alloc(2_000);
    crypto.getRandomValues(bytes);
    return bytes;
  };
  const parts: Buffer[] = [];
  for (let commit = 0; commit <= 100; commit += 1) {
    parts.push(
      Buffer.from(`commit refs/heads/main\ncommitter A <a@example.org> ${commit + 1} +0000\n`),
      data(`Change ${commit}`),
    );
    const changed =
      commit === 0
        ? Array.from({ length: files }, (_, file) => file)
        : Array.from({ length: 50 }, (_, n) => (commit * 50 + n) % files);
    for (const file of changed)
      parts.push(Buffer.from(`M 100644 inline ${file % 10 === 0 ? 'apps' : 'other'}/${file}.yaml\n`), data(noise()));
  }
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: path, env: GIT_ENVIRONMENT, input: Buffer.concat(parts) });
  git(path, ['config', 'uploadpack.allowFilter', 'true']);
  const source = sourceOf(`file://${path}`, join(root, 'partial'), ['apps']);
  await source.files(await source.fetch());
  await source.close();
  git(root, ['clone', '--quiet', '--bare', '--no-local', `file://${path}`, join(root, 'full.git')]);
  return bytesIn(join(root, 'partial/mirror.git/objects')) / bytesIn(join(root, 'full.git/objects'));
}
