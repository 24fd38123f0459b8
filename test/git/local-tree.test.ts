import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { type LocalTree, type LocalTreeOptions, openLocalTree } from '../../src/git/index.ts';
import { temporaryDirectory } from './support/repository.ts';
import { git, HOME, workTree, write } from './support/work-tree.ts';

async function opened(paths: readonly string[], more: Partial<LocalTreeOptions> = {}): Promise<LocalTree> {
  const tree = await openLocalTree({
    paths,
    maxFileBytes: 1 << 20,
    environment: { PATH: process.env.PATH, HOME },
    clock: systemClock,
    signal: AbortSignal.timeout(60_000),
    ...more,
  });
  onTestFinished(() => tree.close());
  return tree;
}

const pathsOf = ({ files }: LocalTree) => files.map(({ path }) => path);

async function contentOf(tree: LocalTree, path: string): Promise<string> {
  const file = tree.files.find((each) => each.path === path);
  return (await tree.blob(file?.blob ?? '')).toString();
}

function fifo(path: string): void {
  execFileSync('mkfifo', [path]);
}

describe('the files of a work tree', () => {
  test('are those that a commit of everything would have, as they are on the disk', async () => {
    const root = workTree({
      'shop/web.yaml': 'old',
      'shop/gone.yaml': '',
      'forced.log': '',
      '.gitignore': '*.log\nbuild/\n',
      'z.yaml': '',
    });
    write(root, { 'shop/web.yaml': 'new', 'shop/more.yaml': '', 'a.log': '', 'build/out.yaml': '', 'forced/x.log': '' });
    git(root, 'add', '--force', 'forced/x.log');
    unlinkSync(join(root, 'shop/gone.yaml'));
    write(root, { 'shop/run.sh': '' });
    chmodSync(join(root, 'shop/run.sh'), 0o755);
    symlinkSync('web.yaml', join(root, 'shop/link.yaml'));

    const tree = await opened([join(root, 'shop')]);
    expect(tree.paths).toEqual(['shop']);
    expect(tree.files.map(({ path, mode }) => `${mode} ${path}`)).toEqual([
      '100644 .gitignore',
      '100644 forced/x.log',
      '120000 shop/link.yaml',
      '100644 shop/more.yaml',
      '100755 shop/run.sh',
      '100644 shop/web.yaml',
      '100644 z.yaml',
    ]);
    expect(await contentOf(tree, 'shop/web.yaml')).toBe('new');
    expect(await contentOf(tree, 'shop/link.yaml')).toBe('web.yaml');
  });

  test('lack what the person ignores everywhere', async () => {
    const root = workTree({ 'a.yaml': '' });
    write(root, { 'b.swp': '', 'c.swo': '' });
    const home = temporaryDirectory();
    write(home, { '.config/git/ignore': '*.swp\n', 'mine/git/ignore': '*.swo\n' });
    expect(pathsOf(await opened([root], { environment: { PATH: process.env.PATH, HOME: home } }))).toEqual(['a.yaml', 'c.swo']);
    const environment = { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: join(home, 'mine') };
    expect(pathsOf(await opened([root], { environment }))).toEqual(['a.yaml', 'b.swp']);
  });

  test('are found from several paths, and in a linked work tree', async () => {
    const root = workTree({ 'base/a.yaml': '', 'app/b.yaml': '' });
    const linked = join(temporaryDirectory(), 'linked');
    git(root, 'worktree', 'add', '--quiet', linked);
    write(linked, { 'app/new.yaml': '' });
    const tree = await opened([join(linked, 'base'), join(linked, 'app/b.yaml')]);
    expect(tree.paths).toEqual(['base', 'app/b.yaml']);
    expect(pathsOf(tree)).toEqual(['app/b.yaml', 'app/new.yaml', 'base/a.yaml']);
  });

  test('have other repositories as submodules', async () => {
    const root = workTree({ 'a.yaml': '' });
    git(temporaryDirectory(), 'init', '--quiet', join(root, 'vendor/other'));
    write(root, { 'vendor/other/x.yaml': '' });
    const tree = await opened([root]);
    expect(tree.files.map(({ path, mode }) => `${mode} ${path}`)).toEqual(['100644 a.yaml', '160000 vendor/other']);
  });

  test('lack a file that a folder or a link to one replaced, and what is behind the link', async () => {
    const outside = temporaryDirectory();
    write(outside, { 'secret.yaml': 'secret' });
    const root = workTree({ 'a/secret.yaml': '', b: '', 'c.yaml': '' });
    rmSync(join(root, 'a'), { recursive: true });
    symlinkSync(outside, join(root, 'a'));
    unlinkSync(join(root, 'b'));
    write(root, { 'b/inside.yaml': '' });
    const tree = await opened([root]);
    expect(tree.files.map(({ path, mode }) => `${mode} ${path}`)).toEqual(['120000 a', '100644 b/inside.yaml', '100644 c.yaml']);
    await expect(opened([join(root, 'a')])).resolves.toMatchObject({ paths: ['a'] });
    await expect(opened([join(root, 'a/secret.yaml')])).rejects.toThrow('a/secret.yaml: there is no file to read');
  });

  test('lack what no commit can have, which is named, and nothing waits for it', async () => {
    const root = workTree({ 'a.yaml': '', 'pipe.yaml': '' });
    unlinkSync(join(root, 'pipe.yaml'));
    fifo(join(root, 'pipe.yaml'));
    const tree = await opened([root]);
    expect(pathsOf(tree)).toEqual(['a.yaml']);
    expect(tree.leftOut).toEqual([{ path: 'pipe.yaml', why: 'special' }]);
  });

  test('lack what a sparse checkout leaves out, which is named', async () => {
    const root = workTree({ 'a/a.yaml': '', 'b/b.yaml': '' });
    git(root, 'sparse-checkout', 'set', 'a');
    const tree = await opened([root]);
    expect(pathsOf(tree)).toEqual(['a/a.yaml']);
    expect(tree.leftOut).toEqual([{ path: 'b/b.yaml', why: 'sparse' }]);
  });

  test('with names that are not UTF-8 are listed without content', async () => {
    const root = workTree({ 'a.yaml': '' });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff]), Buffer.from('.yaml')]), '');
    expect((await opened([root])).files).toContainEqual(expect.objectContaining({ path: '\\xff.yaml', undecodable: true }));
  });

  test('run no program that the configuration of the repository names', async () => {
    const root = workTree({ 'a.yaml': '' });
    const ran = join(temporaryDirectory(), 'ran');
    git(root, 'config', 'core.fsmonitor', `touch ${ran}; false`);
    await opened([root]);
    expect(() => execFileSync('test', ['-e', ran])).toThrow();
  });

  test('are read as they were listed', async () => {
    const root = workTree({ 'a.yaml': 'one', 'b.yaml': 'one' });
    const tree = await opened([root]);
    writeFileSync(join(root, 'a.yaml'), 'longer');
    await expect(contentOf(tree, 'a.yaml')).rejects.toThrow('a.yaml changed while it was read');
    unlinkSync(join(root, 'b.yaml'));
    fifo(join(root, 'b.yaml'));
    await expect(contentOf(tree, 'b.yaml')).rejects.toThrow('b.yaml changed while it was read');
  });

  test('above the limit are listed, and not read', async () => {
    const root = workTree({ 'a.yaml': 'x'.repeat(100) });
    const tree = await opened([root], { maxFileBytes: 99 });
    expect(tree.files).toMatchObject([{ size: 100 }]);
    await expect(contentOf(tree, 'a.yaml')).rejects.toMatchObject({ code: 'git/blob-too-large' });
  });
});

describe('a path', () => {
  test('in .git, missing, empty, or of another work tree is refused', async () => {
    const root = workTree({ 'a.yaml': '' });
    mkdirSync(join(root, 'empty'));
    await expect(opened([join(root, '.git')])).rejects.toThrow('.git is never read');
    await expect(opened([join(root, 'missing')])).rejects.toThrow('missing: there is no file to read');
    await expect(opened([join(root, 'empty')])).rejects.toThrow('empty: there is no file to read');
    const other = workTree({ 'b.yaml': '' });
    await expect(opened([root, other])).rejects.toThrow('are not in the same repository');
  });

  test('whose files are ignored is a root of its own', async () => {
    const root = workTree({ 'a.yaml': '', '.gitignore': 'build/\n' });
    write(root, { 'build/out/x.yaml': '' });
    const tree = await opened([join(root, 'build/out')]);
    expect({ paths: tree.paths, files: pathsOf(tree) }).toEqual({ paths: [''], files: ['x.yaml'] });
  });

  test('that is a link from outside leads to its work tree', async () => {
    const root = workTree({ 'shop/a.yaml': '' });
    const link = join(temporaryDirectory(), 'link');
    symlinkSync(join(root, 'shop'), link);
    expect(await opened([link])).toMatchObject({ paths: ['shop'] });
  });
});

describe('a folder outside of Git', () => {
  test('is a root of its own, without .git and node_modules', async () => {
    const root = temporaryDirectory();
    write(root, { 'b/x.yaml': 'x', 'a.yaml': '', 'node_modules/c.yaml': '' });
    symlinkSync('/etc', join(root, 'etc'));
    fifo(join(root, 'pipe.yaml'));
    const server = createServer().listen(join(root, 'socket.yaml'));
    onTestFinished(() => void server.close());
    const tree = await opened([root]);
    expect({ paths: tree.paths, files: pathsOf(tree) }).toEqual({ paths: [''], files: ['a.yaml', 'b/x.yaml', 'etc'] });
    expect(tree.leftOut.map(({ path }) => path).toSorted()).toEqual(['pipe.yaml', 'socket.yaml']);
    expect(await contentOf(tree, 'b/x.yaml')).toBe('x');
  });

  test('needs to be a folder, and has no revisions', async () => {
    const root = temporaryDirectory();
    write(root, { 'a.yaml': '' });
    await expect(opened([join(root, 'a.yaml')])).rejects.toThrow('a.yaml: not a folder');
    await expect(opened([join(root, 'none')])).rejects.toThrow('none: no such file or directory');
    await expect(opened([root], { revision: 'main' })).rejects.toThrow('it has no revisions');
  });
});

describe('the files of a revision', () => {
  test('are those of the commit, whatever is on the disk', async () => {
    const root = workTree({ 'shop/web.yaml': 'old', 'base/a.yaml': '' });
    git(root, 'tag', 'v1');
    write(root, { 'shop/web.yaml': 'new', 'shop/more.yaml': '' });
    renameSync(join(root, 'base'), join(root, 'moved'));
    const tree = await opened([join(root, 'base'), join(root, 'shop')], { revision: 'v1' });
    expect({ paths: tree.paths, files: pathsOf(tree) }).toEqual({
      paths: ['base', 'shop'],
      files: ['base/a.yaml', 'shop/web.yaml'],
    });
    expect(await contentOf(tree, 'shop/web.yaml')).toBe('old');
  });

  test.each(['nope', '', '--all', 'HEAD:shop', 'HEAD\nmain'])('that does not exist is named (%j)', async (revision) => {
    const root = workTree({ 'shop/web.yaml': '' });
    await expect(opened([root], { revision })).rejects.toMatchObject({ code: 'git/bad-revision' });
  });

  test('lack a path that the revision has not', async () => {
    const root = workTree({ 'shop/web.yaml': '' });
    write(root, { 'new/a.yaml': '' });
    await expect(opened([join(root, 'new')], { revision: 'HEAD' })).rejects.toThrow('new: there is no such file or folder');
  });
});
