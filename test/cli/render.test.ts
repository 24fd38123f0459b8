import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { type Clock, parseYamlDocuments, systemClock } from '../../src/base/index.ts';
import { builtCommands } from '../e2e/harness/build.ts';
import { temporaryDirectory } from '../git/support/repository.ts';
import { git, HOME, workTree, write } from '../git/support/work-tree.ts';
import { until } from '../support/until.ts';
import { fluxctl } from './daemon.ts';

const map = (name: string, value = 'a') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: shop\ndata:\n  key: ${value}\n`;
type Rest = Parameters<typeof fluxctl> extends [unknown, ...infer More] ? More : never;

const commands = (...all: readonly string[]) =>
  `version: 1\ncommandUpdated:\n  generators:\n${all.map((command) => `  - command: ${JSON.stringify(command)}\n`).join('')}`;

const render = (args: readonly string[], ...more: Rest) => fluxctl(['render', ...args], ...more);

const idsOf = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await render([...args, '-o', 'name']);
  return { code, stderr, objects: stdout.split('\n').filter((line) => line !== '') };
};

const ENVS = {
  'envs/.flux.yaml': commands('sed s/@ENV@/$(basename $PWD)/ ../../base/web.template'),
  'envs/staging/own': '',
  'envs/production/own': '',
  'base/web.template': map('web', '@ENV@'),
  'base/.gitignore': 'cache/\n',
  'plain/settings.yaml': `${map('settings')}---\n${map('more')}`,
};

describe('what is printed', () => {
  test('YAML documents, each below its place', async () => {
    const root = workTree(ENVS);
    const { code, stdout, stderr } = await render(['--allow-commands', join(root, 'plain'), join(root, 'envs/staging')]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Warning: commands of the repository run as you, without a sandbox (--allow-commands)\n',
    });
    expect(stdout.match(/^# .*/gm)).toEqual([
      '# plain/settings.yaml:1 (document 1)',
      '# plain/settings.yaml:9 (document 2)',
      '# envs/staging/../.flux.yaml (output, document 1)',
    ]);
    expect([...parseYamlDocuments(stdout)]).toMatchObject([
      { value: { metadata: { name: 'settings' } } },
      { value: { metadata: { name: 'more' } } },
      { value: { metadata: { name: 'web', namespace: 'shop' }, data: { key: 'staging' } } },
    ]);
  });

  test('JSON with places and objects, whose numbers are exact, and what does not print is escaped', async () => {
    const root = workTree({ 'a.yaml': `${map('a')}  bidi: "\\u202e"\n  esc: "\\e[31m"\n  big: 12345678901234567890\n` });
    const { stdout } = await render([root, '-o', 'json']);
    expect(z.array(z.object({ place: z.json(), object: z.json() })).parse(JSON.parse(stdout))).toMatchObject([
      { place: { file: 'a.yaml', line: 1, document: 1 }, object: { data: { bidi: '\u202e', esc: '\u001b[31m' } } },
    ]);
    expect(stdout).toContain('"big":12345678901234567890');
    expect(stdout).toContain('\\u202e');
    const yaml = (await render([root])).stdout;
    expect(yaml).toContain('big: 12345678901234567890');
    expect(yaml).toContain('bidi: "\\u202e"');
    expect(yaml).toContain('esc: "\\u001b[31m"');
  });

  test('names with places; a kind that only a cluster knows may be in a namespace', async () => {
    const root = workTree({
      'all.yaml': [
        'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n',
        map('a'),
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: b }\n',
        'apiVersion: acme.example.org/v1\nkind: Widget\nmetadata: { name: c }\n',
        'apiVersion: acme.example.org/v1\nkind: Widget\nmetadata: { name: d, namespace: shop }\n',
        'apiVersion: acme.example.org/v1\nkind: Gadget\nmetadata: { name: e }\n',
        'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: gadgets.acme.example.org }\nspec: { group: acme.example.org, scope: Cluster, names: { kind: Gadget, plural: gadgets }, versions: [] }\n',
      ].join('---\n'),
    });
    const { objects, code, stderr } = await idsOf(root);
    expect(objects.map((line) => line.split(' ')[0])).toEqual([
      '<cluster>:namespace/shop',
      'shop:configmap/a',
      'default:configmap/b',
      '<unknown>:widget/c',
      'shop:widget/d',
      '<cluster>:gadget/e',
      '<cluster>:customresourcedefinition/gadgets.acme.example.org',
    ]);
    expect(objects[1]).toMatch(/^shop:configmap\/a +all\.yaml:5 \(document 2\)$/);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'warning without a cluster it is not known whether these are in a namespace: Widget of acme.example.org\n',
    });
  });
});

describe('what is rendered', () => {
  test('files that are not committed count, and ignored ones do not; a base outside of the path does', async () => {
    const root = workTree(ENVS);
    write(root, { 'plain/new.yaml': map('new'), 'base/cache/x.yaml': map('x'), 'base/web.template': map('changed', '@ENV@') });
    unlinkSync(join(root, 'plain/settings.yaml'));
    const { objects } = await idsOf('--allow-commands', join(root, 'plain'), join(root, 'envs/production'), join(root, 'base'));
    expect(objects.map((line) => line.split(' ')[0])).toEqual(['shop:configmap/new', 'shop:configmap/changed']);
  });

  test('a revision of the repository, whatever is on the disk', async () => {
    const root = workTree(ENVS);
    git(root, 'tag', 'v1');
    rmSync(join(root, 'envs'), { recursive: true });
    write(root, { 'base/web.template': 'no manifest' });
    git(root, 'add', '--all');
    git(root, 'commit', '--quiet', '--message=Remove');
    const { objects, code } = await idsOf('--allow-commands', '--revision=v1', join(root, 'envs/staging'));
    expect({ code, objects }).toEqual({
      code: 0,
      objects: ['shop:configmap/web  envs/staging/../.flux.yaml (output, document 1)'],
    });
    expect((await render(['--revision=v2', root])).stderr).toContain('there is no revision "v2"');
    expect((await render(['--revision=v1', join(root, 'envs/none')])).stderr).toContain('no such file or folder in revision v1');
  });

  test('executable files and links are as in Git; a link out of the repository is refused', async () => {
    const outside = temporaryDirectory();
    write(outside, { 'secret.yaml': map('secret') });
    const root = workTree({
      'app/.flux.yaml': commands('./print', 'cat link.yaml', 'ls secret.yaml >&2; true'),
      'app/print': '#!/bin/sh\ncat ../base/a.yaml\n',
      'base/a.yaml': map('a'),
      'base/b.yaml': map('b'),
    });
    execFileSync('chmod', ['+x', join(root, 'app/print')]);
    symlinkSync('../base/b.yaml', join(root, 'app/link.yaml'));
    symlinkSync(join(outside, 'secret.yaml'), join(root, 'app/secret.yaml'));
    symlinkSync(outside, join(root, 'base/out'));
    symlinkSync(join(outside, 'secret.yaml'), join(root, 'base/secret.yaml'));
    expect(await idsOf('--allow-commands', join(root, 'app'))).toMatchObject({
      code: 0,
      objects: [expect.stringContaining('configmap/a'), expect.stringContaining('configmap/b')],
    });
    const { code, stdout, stderr } = await render([join(root, 'base')]);
    expect(code).toBe(1);
    expect(stderr).toBe('error base/secret.yaml: symbolic link base/secret.yaml points outside the repository\n');
    expect(stdout).not.toContain('name: secret');
  });

  test('a Helm chart is skipped, and named only where it is in a path', async () => {
    const chart = { 'charts/a/Chart.yaml': 'name: a\n', 'charts/a/values.yaml': '', 'charts/a/templates/a.yaml': map('a') };
    const root = workTree({ 'plain/a.yaml': map('a'), ...chart });
    expect(await render([join(root, 'plain'), '-o', 'name'])).toMatchObject({ code: 0, stderr: '' });
    expect((await render([root, '-o', 'name'])).stderr).toBe(
      'warning charts/a/Chart.yaml: Helm charts are skipped: charts/a/Chart.yaml\n',
    );
  });

  test('a FIFO is left out, and not waited for', async () => {
    const root = temporaryDirectory();
    write(root, { 'a.yaml': map('a') });
    execFileSync('mkfifo', [join(root, 'pipe.yaml')]);
    expect(await idsOf(root)).toMatchObject({
      code: 0,
      stderr: 'warning left out, neither a file nor a link: pipe.yaml\n',
      objects: [expect.stringContaining('shop:configmap/a')],
    });
  });

  test('commands see PATH and the variables that are named, and no other', async () => {
    const root = workTree({ 'app/.flux.yaml': commands('echo "$SHOWN,$HIDDEN" >&2; exit 3') });
    const { stderr } = await render(['--allow-commands', '--generation-env=SHOWN,MISSING', join(root, 'app')], {
      SHOWN: 'one',
      HIDDEN: 'two',
    });
    expect(stderr).toContain('Warning: there is no environment variable MISSING (--generation-env)\n');
    // Values are hidden in errors, as fluxd hides them.
    expect(stderr).toMatch(/error app\/\.flux\.yaml: .*exit status 3/);
    expect(stderr).not.toContain('two');
    expect((await render(['--generation-env=HOME', root])).stderr).toContain('commands have a HOME of their own');
  });
});

describe('what charts know of a cluster', () => {
  const root = () => workTree({ 'a.yaml': map('a') });

  test.each(['v1.34.4', '1.34', 'v1.34.4-gke.1+build'])('--kube-version=%s', async (version) => {
    const { code, stderr } = await render([`--kube-version=${version}`, '--api-versions=a/v1,a/v1/B', root()]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test.each(['', 'latest', '1', 'v1.34.4 --post-renderer=x'])('not --kube-version=%j', async (version) => {
    const { code, stderr } = await render([`--kube-version=${version}`, root()]);
    expect(code).toBe(1);
    expect(stderr).toContain(`invalid --kube-version ${JSON.stringify(version)}: use a version such as v1.34.4`);
  });
});

describe('what is refused is named, and the rest is printed', () => {
  test('units with commands, without --allow-commands', async () => {
    const root = workTree(ENVS);
    const { code, objects, stderr } = await idsOf(join(root, 'plain'), join(root, 'envs/staging'));
    expect(code).toBe(1);
    expect(objects).toHaveLength(2);
    expect(stderr).toBe('error envs/staging/../.flux.yaml: not rendered: needs --allow-commands\n');
  });

  test('encrypted files, as manifests, inputs of kustomize and values of charts: only fluxd decrypts', async () => {
    const sops = `sops:\n    lastmodified: "2030-01-01T00:00:00Z"\n    mac: ENC[AES256_GCM,data:a,iv:a,tag:a,type:str]\n    age:\n        - recipient: age1x\n          enc: x\n`;
    const sealed = `a: ENC[AES256_GCM,data:a,iv:a,tag:a,type:str]\n${sops}`;
    const root = workTree({
      'secret.yaml': `${map('secret', 'ENC[AES256_GCM,data:a,iv:a,tag:a,type:str]')}${sops}`,
      'plain.yaml': map('plain', 'not ENC[AES256_GCM, of sops'),
      'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
      'charts/web/templates/a.yaml': map('charted'),
      'web/.flux.yaml': 'version: 1\nhelm: {chart: ../charts/web, valuesFiles: [v.yaml]}\n',
      'web/v.yaml': sealed,
      'app/kustomization.yaml': 'configMapGenerator: [{name: a, files: [a.env]}]\n',
      'app/a.env':
        'A=ENC[AES256_GCM,data:a,iv:a,tag:a,type:str]\nsops_lastmodified=2030-01-01T00:00:00Z\nsops_mac=ENC[AES256_GCM,data:a,iv:a,tag:a,type:str]\nsops_age__list_0__map_recipient=age1x\nsops_age__list_0__map_enc=x\n',
    });
    const bin = temporaryDirectory();
    for (const name of ['helm', 'kustomize'])
      writeFileSync(join(bin, name), `#!/bin/sh\n/bin/cat <<'END'\n${map('made')}END\n`, { mode: 0o755 });
    const { code, stdout, stderr } = await render(['--kustomize=auto', '-o', 'name', root], {
      PATH: [bin, process.env.PATH].join(delimiter),
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'shop:configmap/plain  plain.yaml:1 (document 1)\n' });
    const said = (path: string) =>
      `${path} is encrypted by SOPS, and only fluxd decrypts: push a branch, and see it by fluxctl diff --revision`;
    expect(stderr.trim().split('\n').sort()).toEqual([
      `error app/kustomization.yaml: ${said('app/a.env')}`,
      `error secret.yaml: ${said('secret.yaml')}`,
      `error web/.flux.yaml: ${said('web/v.yaml')}`,
    ]);
  });

  test('a command that fails, a broken document, objects that are defined twice, and what is to be ignored', async () => {
    const root = workTree({
      'app/.flux.yaml': commands('echo lost >&2; exit 3'),
      'plain/a.yaml': `${map('a')}---\nkind: [\n---\n${map('b')}---\n${map('b')}`,
      'plain/c.yaml': map('c').replace('\ndata:', '\n  annotations:\n    fluxcd.io/ignore: "true"\ndata:'),
    });
    const { code, objects, stderr } = await idsOf('--allow-commands', join(root, 'plain'), join(root, 'app'));
    expect({ code, objects }).toEqual({ code: 1, objects: ['shop:configmap/a  plain/a.yaml:1 (document 1)'] });
    expect(stderr).toMatch(/^error plain\/a\.yaml:10:1 document 2: malformed YAML/m);
    expect(stderr).toContain(
      'error app/.flux.yaml: error executing generator command "echo lost >&2; exit 3" from file ".flux.yaml": exit status 3 error output: lost\n',
    );
    expect(stderr).toContain(
      'error shop:configmap/b: shop:configmap/b is defined 2 times: plain/a.yaml:11 (document 3), plain/a.yaml:19 (document 4)\n',
    );
    expect(stderr).toContain('skipped shop:configmap/c: fluxcd.io/ignore: true in Git\n');
  });

  test.each([
    [['-o', 'table'], 'invalid output format specified'],
    [['/nonexistent/path'], 'no such file or directory'],
    [['--nope'], 'unknown flag: --nope'],
  ])('a wrong command line: %j', async (args, message) => {
    expect(await render(args)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(message) });
  });

  test.each([
    [
      1_000,
      'error app/.flux.yaml: error executing generator command "sleep 1000" from file ".flux.yaml": context deadline exceeded (after 1 s)',
    ],
    [2_000, 'Error: rendering timed out after 2 s\n'],
  ])('a command that takes half of --timeout, and a rendering that takes all of it: %d', async (limit, message) => {
    const root = workTree({ 'app/.flux.yaml': commands('sleep 1000') });
    const deadline: Clock['deadline'] = (ms, parent) => systemClock.deadline(ms === limit ? 0 : 60_000, parent);
    const { code, stderr } = await render(['--allow-commands', '--timeout=2s', join(root, 'app')], {}, { deadline });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

test('no files are left behind', async () => {
  const root = workTree(ENVS);
  const before = git(root, 'status', '--porcelain', '--ignored');
  await render(['--allow-commands', join(root, 'envs/staging')]);
  expect(git(root, 'status', '--porcelain', '--ignored')).toBe(before);
});

test('Ctrl-C ends the commands that run, and removes the copies in which they ran', async () => {
  const root = workTree({ 'app/.flux.yaml': commands('pwd > "$MARK"; exec sleep 1000') });
  const temporary = temporaryDirectory();
  const mark = join(temporary, 'mark');
  const child = spawn(
    process.execPath,
    [join(await builtCommands(), 'fluxctl.js'), 'render', '--allow-commands', '--generation-env=MARK', join(root, 'app')],
    { env: { PATH: process.env.PATH, HOME, TMPDIR: temporary, MARK: mark }, stdio: 'ignore' },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on('exit', (_code, signal) => resolve(signal)));
  await until('the command runs', () => existsSync(mark) && readdirSync(temporary).length > 1);
  child.kill('SIGINT');
  expect(await ended).toBe('SIGINT');
  expect(readdirSync(temporary)).toEqual(['mark']);
});
