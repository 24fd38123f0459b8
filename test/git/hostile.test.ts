import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import { accept } from '../../src/git/accept.ts';
import type { SourceOptions } from '../../src/git/index.ts';
import { deployKeys } from './support/deploy-keys.ts';
import { hostileValues } from './support/hostile-values.ts';
import { rootOf, serveGitOverHttp } from './support/http-server.ts';
import { recordingGit } from './support/recording-git.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from './support/repository.ts';

const PLACES: Readonly<Record<string, (value: string) => Partial<SourceOptions>>> = {
  '--git-url': (url) => ({ url }),
  '--git-branch': (branch) => ({ branch }),
  '--git-ref': (ref) => ({ ref, access: 'read-only' }),
  '--git-path': (path) => ({ paths: ['apps', path] }),
  '--git-sync-tag': (syncTag) => ({ syncTag }),
  '--git-notes-ref': (notesRef) => ({ notesRef }),
  '--git-user': (user) => ({ user }),
  '--git-email': (email) => ({ email }),
  'SSH identity file': (mountedFile) => ({ ssh: { keys: deployKeys({ mountedFile }) } }),
  'SSH known_hosts file': (knownHostsFile) => ({ ssh: { knownHostsFile } }),
};

/** The only options any argument list of ours may hold. */
const OUR_OPTIONS =
  /^(-[rzlwtpF]|-|--(quiet|bare|initial-branch=main|object-format=sha1|refs|force|no-tags|no-write-fetch-head|no-auto-maintenance|porcelain|no-verify|no-follow-tags|no-signed|no-progress|atomic|dry-run|connectivity-only|no-dangling|verify|full-tree|max-count=\d+|no-show-signature|no-color|no-decorate|no-mailmap|no-notes|no-filters|stdin(-paths)?|index-info|strict|file=-|no-deref|no-gpg-sign|batch-command|filter=blob:none|no-filter|batch-check=%\(objectname\)|force-with-lease=refs\/(heads\/main|tags\/flux-sync|notes\/flux(-sync)?):[0-9a-f]*|ref=refs\/notes\/(unpushed\.fluxd\/)?(flux|flux-sync)|format=%.*))$/;

describe('hostile values (S-001, S-002, S-003)', () => {
  test('as settings are refused before anything runs, naming the flag, or do no harm', async () => {
    const canary = join(temporaryDirectory(), 'canary');
    const git = recordingGit();
    const remote = createRemote();
    const harmless: [string, string, Partial<SourceOptions>][] = [];
    let refused = 0;
    for (const [place, optionsFor] of Object.entries(PLACES)) {
      for (const value of hostileValues(canary)) {
        try {
          const options = { environment: { PATH: git.path, HOME: '/nonexistent' }, timeoutMs: 15_000, ...optionsFor(value) };
          sourceOf(options.url ?? remote.path, options);
          harmless.push([place, value, options]);
        } catch (error) {
          expect(error).toBeInstanceOf(FluxError);
          expect((error as FluxError).code).toMatch(/^git\/bad-(url|option)$/);
          expect((error as FluxError).message, value).toContain(place);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be shown
          expect((error as FluxError).message).not.toMatch(/[\x00-\x1f]/);
          refused += 1;
        }
      }
    }
    expect(git.calls()).toEqual([]);
    expect(refused).toBeGreaterThan(400);
    // Nothing with an option's dash or a control character is let through anywhere, nor a forbidden transport as a URL.
    for (const [place, value] of harmless)
      expect(value).not.toMatch(place === '--git-url' ? /^\s*-|[\0\n\r\t]|^(ext|fd):/i : /^-|[\0\n\r\t]/);
    for (const place of [
      '--git-branch',
      '--git-ref',
      '--git-sync-tag',
      '--git-notes-ref',
      'SSH identity file',
      'SSH known_hosts file',
    ])
      expect(harmless.filter(([where]) => where === place)).toEqual([]);
    for (const [place, , options] of harmless.filter(([place]) => place === '--git-url' || place === '--git-path').slice(0, 8)) {
      const source = sourceOf(options.url ?? remote.path, options);
      await failureOf(source.fetch().then((head) => source.files(head)));
      expect(existsSync(canary), place).toBe(false);
    }
    expect(existsSync(canary)).toBe(false);
  });

  test('in requests reach git by standard input or after the end of the options, and do nothing', async () => {
    const canary = join(temporaryDirectory(), 'canary');
    const git = recordingGit();
    const remote = createRemote();
    const source = sourceOf(remote.path, { environment: { PATH: git.path, HOME: '/nonexistent' }, setAuthor: true });
    let head: string = await source.fetch();
    const values = hostileValues(canary);
    for (const value of values) {
      await source.resolve(value);
      expect(await failureOf(source.files(value))).toMatchObject({ code: 'git/bad-revision' });
      expect(await failureOf(source.blob(value))).toMatchObject({ code: 'git/bad-revision' });
      expect(await failureOf(source.commits({ to: value }))).toMatchObject({ code: 'git/bad-revision' });
      expect(await failureOf(source.commits({ from: value, to: head }))).toMatchObject({ code: 'git/bad-revision' });
      expect(await source.syncRecord(value)).toBeUndefined();
    }
    const files = values.filter((value) => !value.includes('\0') && !value.includes('//') && !value.includes('..'));
    expect(files.length).toBeGreaterThan(40);
    for (let at = 0; at < files.length; at += 12) {
      const chunk = files.slice(at, at + 12);
      head = await source.commit({
        base: accept(head),
        // A leading slash would make the canary's own path absolute inside the tree.
        edits: chunk.map((value) => ({ path: value.replaceAll('/', '\u2215'), content: value })),
        message: chunk.join('\n'),
        author: `${chunk[0]?.replaceAll(/[<>]/g, '')} <x@y>`,
        jobId: `job-${at}`,
        note: chunk.join(' '),
      });
    }
    await source.recordSync({ revision: accept(head), record: values.join(' ') });
    expect(remote.git('rev-parse', 'main')).toBe(head);
    expect(existsSync(canary)).toBe(false);

    const calls = git.calls();
    expect(calls.length).toBeGreaterThan(40);
    for (const call of calls) {
      const end = call.findIndex((argument) => argument === '--' || argument === '--end-of-options');
      const before = call.slice(1, end < 0 ? undefined : end);
      for (const argument of before.filter((text) => text.startsWith('-'))) expect(argument).toMatch(OUR_OPTIONS);
      if (['fetch', 'push', 'ls-remote', 'ls-tree', 'log', 'rev-parse'].includes(call[0] ?? '')) expect(end).toBeGreaterThan(0);
      // Anything else of an argument list without an end of options is an object id or a word of ours.
      if (end < 0) for (const word of before) expect(word).toMatch(/^-|^[0-9a-f]{40}$|^(add|list|blob)$/);
    }
  });
});

describe('URLs (S-002, S-003, S-009)', () => {
  test.each([
    'ssh://-oProxyCommand=x/y',
    'git@-x:y',
    '-x:y',
    "ssh://h/a';touch X;'",
    'ssh://h/a%27;touch',
    'ssh://h/--upload-pack=x',
    'ssh://-u@h/x',
    'host:--upload-pack=x',
    'ssh://h%0d/x',
    'https://good%0ahost=evil@h/',
    'https://u:p%0aq@h/',
    'https://h%0d/',
    'https://h\n/',
    'https://h/x%0ahost=evil',
    'https://h/x%zz',
    'https:///x',
    'https://-h/x',
    'https://h:99999999/x',
    'http://h h/x',
    'ext::sh -c "touch x"',
    'Ext::sh',
    'fd::17',
    'ext://x',
    'file://host/share',
    '\\\\host\\share',
    ' /srv/x',
    '/srv/x ',
    '--help',
  ])('%j is refused without a process', (url) => {
    expect(() => sourceOf(url)).toThrowError(expect.objectContaining({ code: 'git/bad-url', fault: 'user' }));
  });

  test.each([
    ['github.com/acme/config', 'https://github.com/acme/config or git@github.com:acme/config'],
    ['git.example.org/config.git', 'https://git.example.org/config.git or git@git.example.org:config.git'],
  ])('%s, which has no scheme, is told how to write it', (url, forms) => {
    const refusal = { code: 'git/bad-url', message: `--git-url "${url}" is refused: it has no scheme` };
    expect(() => sourceOf(url)).toThrow(
      expect.objectContaining({ ...refusal, help: expect.stringContaining(`Write ${forms};`) }),
    );
  });

  test.each(['./github.com/acme/config', '/github.com/acme', 'config.git', 'srv/x.y/z', 'github.com:acme/config'])(
    '%s may be a path or an address of ssh',
    (url) => {
      expect(() => sourceOf(url)).not.toThrow();
    },
  );

  test.each([
    'git@github.com:o/r',
    'git@ssh.dev.azure.com:v3/org/My%20Project/repo',
    'ssh://git@h:2222/x.git',
    'ssh://git@[::1]:22/x',
    'ssh://h/~ann/x',
    'git+ssh://git@h/x',
    'first.last@h:x',
    'https://h/x',
    'https://u:p@h:8443/x',
    'http://[::1]:80/x',
    'git://h/x',
    'file:///srv/x',
    '/srv/my repo',
    'srv/x',
    'codecommit::eu-west-1://repo',
  ])('%s is accepted', (url) => {
    expect(() => sourceOf(url)).not.toThrow();
  });

  test.each([
    '../../etc',
    '/etc',
    'a/../../b',
    'a%2f..',
    'a/%2e%2e/b',
    'a\0b',
    '.git',
    '.git/hooks',
    'a/.GIT',
    '\uff0e\uff0e/x',
    'a\\b',
  ])('path %j is refused (S-008)', (path) => {
    expect(() => sourceOf('/srv/x', { paths: [path] })).toThrowError(expect.objectContaining({ code: 'git/bad-option' }));
  });

  test('a planted ~/.gitconfig is not read, and one that the operator names opens no transport (S-003, S-005)', async () => {
    const home = temporaryDirectory();
    const canary = join(home, 'canary');
    const remote = createRemote();
    const server = await serveGitOverHttp(rootOf(remote.path));
    mkdirSync(join(home, 'hooks'));
    for (const hook of ['reference-transaction', 'pre-push', 'post-index-change', 'pre-auto-gc'])
      writeFileSync(join(home, 'hooks', hook), `#!/bin/sh\ntouch '${canary}'\n`, { mode: 0o755 });
    writeFileSync(
      join(home, '.gitconfig'),
      [
        '[protocol "ext"]\n allow = always',
        `[core]\n hooksPath = ${home}/hooks\n fsmonitor = touch ${canary}\n askPass = touch ${canary}\n pager = touch ${canary}`,
        `[init]\n templateDir = ${home}`,
        '[gc]\n auto = 1',
        `[log]\n showSignature = true`,
        `[gpg]\n program = touch ${canary}`,
        '[commit]\n gpgSign = true\n[tag]\n gpgSign = true\n[push]\n gpgSign = if-asked\n followTags = true',
        '[i18n]\n commitEncoding = ISO-8859-1',
      ].join('\n'),
    );
    const environment = { PATH: process.env.PATH, HOME: home, GIT_CONFIG_GLOBAL: join(home, '.gitconfig') };
    const source = sourceOf(`${server.origin}/remote.git`, { environment });
    const base = await source.fetch();
    const edits = [{ path: 'a', content: 'a' }];
    const made = await source.commit({ base, edits, message: 'Zażółć', jobId: 'j', note: '{}' });
    await source.recordSync({ revision: accept(made), record: '{}' });
    expect(remote.git('log', '-1', '--format=%s %GS', 'main')).toBe('Zażółć');
    expect(existsSync(canary)).toBe(false);

    // In a home directory, where nobody named it, not even what is meant to run is run.
    const closed = await serveGitOverHttp(rootOf(remote.path), { user: 'ann', password: 'right' });
    writeFileSync(join(home, '.gitconfig'), `[credential]\n helper = "!touch ${canary}; true"\n`);
    for (const unset of [{}, { GIT_CONFIG_GLOBAL: '' }])
      expect(
        await failureOf(
          sourceOf(`${closed.origin}/remote.git`, { environment: { PATH: process.env.PATH, HOME: home, ...unset } }).fetch(),
        ),
      ).toMatchObject({ code: 'git/denied' });
    expect(existsSync(canary)).toBe(false);

    writeFileSync(
      join(home, '.gitconfig'),
      `[protocol "ext"]\n allow = always\n[url "ext::sh -c touch% ${canary}% #"]\n insteadOf = ${server.origin}`,
    );
    expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/transport' });
    expect(existsSync(canary)).toBe(false);
    expect(() => sourceOf('ext::sh -c true', { environment })).toThrow(/never allowed/);
  });

  test('attributes, hooks and submodules of a repository run nothing (S-005, S-006)', async () => {
    const git = recordingGit();
    const remote = createRemote({
      '.gitattributes': '* filter=evil diff=evil merge=evil ident\nnone working-tree-encoding=UTF-32\n',
      '.gitmodules': '[submodule "x"]\n path = "x\\r"\n url = --upload-pack=touch x\n update = !touch x\n',
      'hooks/post-checkout': '#!/bin/sh\ntouch x\n',
      'a.yaml': '$Id$ a\r\n',
    });
    const source = sourceOf(remote.path, { environment: { PATH: git.path, HOME: '/nonexistent' } });
    const head = await source.fetch();
    const file = (await source.files(head)).find(({ path }) => path === 'a.yaml');
    expect(String(await source.blob(file?.blob ?? ''))).toBe('$Id$ a\r\n');
    await source.commit({ base: head, edits: [{ path: 'a.yaml', content: '$Id$ b\r\n' }], message: 'm', jobId: 'j', note: '{}' });
    expect(remote.git('cat-file', 'blob', 'main:a.yaml')).toBe('$Id$ b');
    expect(git.calls().map(([command]) => command)).not.toContain('submodule');
  });
});
