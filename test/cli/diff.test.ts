import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import type { DiffReportWire } from '../../src/api/client/index.ts';
import { diffRequestSchema } from '../../src/api/wire/index.ts';
import { parseYamlDocuments } from '../../src/base/index.ts';
import { workTree } from '../git/support/work-tree.ts';
import { fluxctl, ScriptedDaemon } from './daemon.ts';

const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n';
const DIFFS = 'POST /v1/diffs';
const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';

type Given = { readonly [Field in keyof DiffReportWire]?: DiffReportWire[Field] };

const report = (given: Given = {}): DiffReportWire => ({
  revision: REVISION,
  counts: { unchanged: 3 },
  entries: [],
  errors: [],
  warnings: [],
  ...given,
});

const diffWith = async (env: Readonly<Record<string, string>>, answer: unknown, ...flags: string[]) => {
  await using daemon = await ScriptedDaemon.start({ [DIFFS]: [answer] });
  const ran = await fluxctl(['diff', '--url', daemon.url, ...flags], env);
  return { ...ran, sent: daemon.sent(DIFFS) };
};

const diff = (answer: unknown, ...flags: string[]) => diffWith({}, answer, ...flags);

/** A directory with these files. */
function directory(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(tmpdir(), 'flux-cli-diff-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

describe('exit codes are those of kubectl diff', () => {
  const entry = (action: string, more: object = {}) => ({ id: 'a:configmap/b', action, ...more });
  const error = { code: 'x', message: 'refused' };
  const cases: readonly (readonly [string, Given, number, string])[] = [
    ['0 without differences', {}, 0, ''],
    ['0 where objects are only ignored', { counts: { skip: 1 }, entries: [entry('skip')] }, 0, ''],
    ...['create', 'change', 'prune', 'held'].map((action): readonly [string, Given, number, string] => [
      `1 for ${action}`,
      { counts: { [action]: 1 }, entries: [entry(action)] },
      1,
      '',
    ]),
    [
      '2 for an object that would fail',
      { counts: { failed: 1, change: 1 }, entries: [entry('failed', { error })] },
      2,
      'Error: 1 object would fail\n',
    ],
    ['2 for a refused manifest', { errors: [{ file: 'a.yaml', error }] }, 2, 'Error: 1 manifest refused\n'],
  ];
  test.for(cases)('%s', async ([, given, code, stderr]) => {
    for (const flags of [[], ['-o', 'json']]) expect(await diff(report(given), ...flags)).toMatchObject({ code, stderr });
  });

  test.each([
    [
      'a daemon that refuses',
      {
        status: 422,
        body: { type: 'about:blank', title: 'x', status: 422, detail: 'no such revision', code: 'git/bad-revision' },
      },
    ],
    ['a Flux v1, which has no such route', { status: 404, body: '404 page not found\n' }],
    ['an answer of another form', { unexpected: true }],
  ])('2 for %s', async (_, answer) => {
    const { code, stdout, stderr } = await diff(answer);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/no such revision|cannot compare|decoding response/);
  });

  test.each([
    [['--revision', 'a', '--path', 'b']],
    [['--allow-commands']],
    [['--generation-env=A']],
    [['--kube-version=v1.34.4']],
    [['--api-versions=example.com/v1']],
    [['-o', 'wide']],
    [['--nope']],
    [['extra']],
    [['--path', '/nonexistent']],
  ])('2 for the command line %j, and nothing is asked', async (flags) => {
    const { code, sent } = await diff(report(), ...flags);
    expect({ code, sent }).toEqual({ code: 2, sent: [] });
  });
});

describe('what is sent', () => {
  test('nothing for the head of the branch, or the revision', async () => {
    expect((await diff(report())).sent).toEqual([{}]);
    expect((await diff(report(), '--revision', 'v1.2')).sent).toEqual([{ revision: 'v1.2' }]);
  });

  test('with --path the files below the directory that have manifests, or may have', async () => {
    const root = directory({
      'b.yaml': 'kind: B\n',
      'a/x.yml': MAP,
      'a/y.json': '{}',
      'a/values.yaml': 'replicas: 1\n',
      'a/README.md': '#',
      '.git/c.yaml': 'no',
      'node_modules/d.yaml': 'no',
    });
    symlinkSync('../b.yaml', join(root, 'a/link.yaml'));
    const { sent, stderr } = await diff(report(), '--path', root);
    expect(sent).toEqual([
      {
        files: [
          { path: 'a/x.yml', content: MAP },
          { path: 'b.yaml', content: 'kind: B\n' },
        ],
      },
    ]);
    expect(stderr).toBe(
      'warning a/values.yaml:1:1 document 1: document has no kind\nwarning a/y.json: JSON file does not contain a Kubernetes object\n',
    );
  });

  const unit = (command: string) => `version: 1\ncommandUpdated:\n  generators:\n  - command: ${command}\n`;
  const repository = () =>
    workTree({
      'envs/.flux.yaml': unit('cat ../../base/*.yaml'),
      'envs/staging/own': '',
      'envs/production/own': '',
      'base/a.yaml': `${MAP}---\n${MAP.replace('name: a', 'name: b')}`,
      'plain/c.yaml': MAP.replace('name: a', 'name: c'),
      'out/.gitignore': '*',
    });

  test('what units render, in files of their own, whose places become those of the units', async () => {
    const root = repository();
    const output = { document: 2, line: 6 };
    const answer = report({
      entries: [
        { id: 'default:configmap/b', action: 'change', place: { file: 'envs/staging/.flux.yaml/output.yaml', ...output } },
        { id: 'default:configmap/c', action: 'change', place: { file: 'plain/c.yaml', document: 1, line: 1 } },
      ],
      warnings: [{ file: 'envs/production/.flux.yaml/output.yaml', ...output, error: { code: 'x', message: 'odd' } }],
      counts: { change: 2 },
    });
    const paths = ['plain', 'envs/staging', 'envs/production'].map((path) => join(root, path));
    const flags = ['--allow-commands', `--path=${paths[0]},${paths[1]}`, '--path', paths[2] ?? ''];
    const { code, stdout, sent } = await diff(answer, ...flags);
    const documents = (content: string) =>
      [...parseYamlDocuments(content)].map((document) => 'value' in document && document.value);
    const [{ files }] = z.tuple([z.object({ files: z.array(z.object({ path: z.string(), content: z.string() })) })]).parse(sent);
    expect(files.map(({ path, content }) => [path, documents(content)])).toMatchObject([
      ['envs/production/.flux.yaml/output.yaml', [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }]],
      ['envs/staging/.flux.yaml/output.yaml', [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }]],
      ['plain/c.yaml', [{ metadata: { name: 'c' } }]],
    ]);
    // As every daemon takes it.
    expect(diffRequestSchema.safeParse(sent[0]).success).toBe(true);
    expect(code).toBe(1);
    expect(stdout).toBe(
      [
        'change default:configmap/b  envs/staging/../.flux.yaml',
        'change default:configmap/c  plain/c.yaml:1',
        'warning envs/production/../.flux.yaml document 2: odd',
        '4be1f0c: 2 change',
        '',
      ].join('\n'),
    );
    const json = await diff(answer, ...flags, '-o', 'json');
    expect(JSON.parse(json.stdout).entries[0].place).toEqual({
      file: 'envs/.flux.yaml',
      unit: 'envs/staging/../.flux.yaml',
      document: 2,
      line: 1,
      renderer: 'commands',
    });
  });

  test('nothing while something is refused that the daemon would not see: its objects would count as deleted', async () => {
    const root = repository();
    const refused = { code: 2, sent: [], stdout: '' };
    expect(await diff(report(), '--path', join(root, 'envs/staging'))).toMatchObject({
      ...refused,
      stderr: expect.stringMatching(
        /^error envs\/staging\/\.\.\/\.flux\.yaml: not rendered: needs --allow-commands\nError: nothing is compared: /,
      ),
    });
    writeFileSync(join(root, 'base/a.yaml'), `${MAP}---\nkind: [\n`);
    expect(await diff(report(), '--allow-commands', '--path', join(root, 'envs/staging'))).toMatchObject({
      ...refused,
      stderr: expect.stringMatching(/^error envs\/staging\/\.\.\/\.flux\.yaml document 2: malformed YAML/m),
    });
    symlinkSync('/etc/hostname', join(root, 'plain/link.yaml'));
    expect(await diff(report(), '--path', join(root, 'plain'))).toMatchObject({
      ...refused,
      stderr: expect.stringContaining('error plain/link.yaml: symbolic link plain/link.yaml points outside the repository'),
    });
  });

  test('nothing of a chart whose values only fluxd reads: they would look like changes', async () => {
    const root = workTree({
      'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
      'charts/web/templates/a.yaml': MAP,
      'web/.flux.yaml':
        'version: 1\nhelm:\n  chart: ../charts/web\n  valuesFrom: [{kind: ConfigMap, name: cluster}, {kind: Secret, name: web}]\n',
      'broken/.flux.yaml': 'version: 1\nhelm: {chart: ../charts/none}\n',
    });
    const bin = directory({});
    writeFileSync(join(bin, 'helm'), `#!/bin/sh\n/bin/cat <<'END'\n${MAP}END\n`, { mode: 0o755 });
    const env = { PATH: [bin, process.env.PATH].join(delimiter) };
    const values =
      'error web/.flux.yaml: rendered without the values of configmap/cluster, secret/web, which only fluxd reads: push a branch, and see it by fluxctl diff --revision\n';
    expect(await diffWith(env, report(), '--path', join(root, 'web'))).toMatchObject({
      code: 2,
      sent: [],
      stdout: '',
      stderr: `${values}Error: nothing is compared: values that are missing would look like changes\nRun 'fluxctl diff --help' for usage.\n\nPush a branch, and run fluxctl diff --revision=BRANCH, or leave these charts out of --path.\n`,
    });
    // What is missing for another reason has to be corrected.
    expect(await diffWith(env, report(), '--path', root)).toMatchObject({
      code: 2,
      sent: [],
      stderr: expect.stringMatching(
        /^error web\/\.flux\.yaml: rendered without.*\n(?:.*\n)*Error: nothing is compared: objects/m,
      ),
    });
    const rendered = await fluxctl(['render', join(root, 'web')], env);
    expect(rendered).toMatchObject({ code: 0, stderr: values.replace('error', 'warning') });
    expect([...parseYamlDocuments(rendered.stdout)]).toMatchObject([{ value: { metadata: { name: 'a' } } }]);
  });

  test('a folder that Git ignores, such as that of a build', async () => {
    const root = repository();
    writeFileSync(join(root, 'out/all.yaml'), MAP);
    expect((await diff(report(), '--path', join(root, 'out'))).sent).toEqual([{ files: [{ path: 'all.yaml', content: MAP }] }]);
  });

  test('nothing that is not text, and nothing larger than the daemon takes', async () => {
    const binary = directory({ 'a.yaml': new Uint8Array([0xff, 0xfe]) });
    expect(await diff(report(), '--path', binary)).toMatchObject({
      code: 2,
      sent: [],
      stderr: expect.stringMatching(/a\.yaml: not UTF-8/),
    });
    // The second fits as it is, but not as JSON.
    for (const content of ['x'.repeat(17 * 2 ** 20), `${'\n'.repeat(9 * 2 ** 20)}kind: X`])
      expect(await diff(report(), '--path', directory({ 'a.yaml': content }))).toMatchObject({
        code: 2,
        sent: [],
        stderr: expect.stringMatching(/16 MiB/),
      });
  });
});

describe('what is shown', () => {
  const place = { file: 'apps/web.yaml', document: 1, line: 12 };
  const whole = report({
    counts: { unchanged: 3, change: 1, create: 1, prune: 1, held: 1, failed: 1 },
    entries: [
      {
        id: 'default:deployment/web',
        action: 'change',
        place,
        reason: 'changed in Git',
        fields: [
          { path: 'spec.replicas', from: 1, to: 2 },
          { path: 'metadata.labels.tier', from: 'web' },
          { path: 'spec.args', from: ['a'], to: ['a', 'b'] },
          { path: 'metadata.annotations.flag', from: 'true', to: 'on' },
        ],
      },
      {
        id: 'default:configmap/new',
        action: 'create',
        place: { ...place, item: 3 },
        fields: [{ path: 'data.text', to: 'one\ntwo\n' }],
      },
      { id: 'default:secret/s', action: 'prune', reason: 'no longer in Git' },
      { id: 'default:secret/t', action: 'held', reason: '2 deletions held: …' },
      { id: 'default:configmap/bad', action: 'failed', place, error: { code: 'x', message: 'field is\nunknown' } },
    ],
    errors: [{ file: 'b.yaml', line: 2, column: 1, error: { code: 'y', message: 'not YAML' } }],
    warnings: [{ file: 'c.yaml', error: { code: 'z', message: 'key given twice' } }],
  });

  test('a block for each object, problems, and the counts', async () => {
    expect((await diff(whole)).stdout.split('\n')).toEqual([
      'change default:deployment/web  apps/web.yaml:12  changed in Git',
      '  - spec.replicas: 1',
      '  + spec.replicas: 2',
      '  - metadata.labels.tier: web',
      '  - spec.args: ["a"]',
      '  + spec.args: ["a","b"]',
      '  - metadata.annotations.flag: "true"',
      '  + metadata.annotations.flag: on',
      'create default:configmap/new  apps/web.yaml:12',
      '  + data.text:',
      '  +   one',
      '  +   two',
      'prune default:secret/s  no longer in Git',
      'held default:secret/t  2 deletions held: …',
      'failed default:configmap/bad  apps/web.yaml:12  field is unknown',
      'error b.yaml:2:1: not YAML',
      'warning c.yaml: key given twice',
      '4be1f0c: 1 create, 1 change, 1 prune, 3 unchanged, 1 held, 1 failed, 1 refused',
      '',
    ]);
  });

  test('of a long text only the lines around a change', async () => {
    const lines = Array.from({ length: 20 }, (_, n) => `line ${n}`);
    const fields = [{ path: 'data.text', from: lines.join('\n'), to: lines.with(10, 'other').join('\n') }];
    const { stdout } = await diff(
      report({ counts: { change: 1 }, entries: [{ id: 'a:configmap/b', action: 'change', fields }] }),
    );
    expect(stdout.split('\n').slice(1, -2)).toEqual([
      '  ~ data.text:',
      '      …',
      '      line 8',
      '      line 9',
      '  -   line 10',
      '  +   other',
      '      line 11',
      '      line 12',
      '      …',
    ]);
  });

  test('as JSON or YAML what the daemon answered', async () => {
    expect(JSON.parse((await diff(whole, '-o', 'json')).stdout)).toEqual(whole);
    const [document] = parseYamlDocuments((await diff(whole, '-o', 'yaml')).stdout);
    expect(document).toMatchObject({ value: whole });
  });

  test.each<[string, string[], Record<string, string>, boolean, boolean]>([
    ['for a terminal', [], {}, true, true],
    ['not for anything else', [], {}, false, false],
    ['not where NO_COLOR is set', [], { NO_COLOR: '1' }, true, false],
    ['not on a dumb terminal', [], { TERM: 'dumb' }, true, false],
    ['not with --no-color', ['--no-color'], {}, true, false],
  ])('colours: %s', async (_case, flags, env, isTTY, coloured) => {
    await using daemon = await ScriptedDaemon.start({ [DIFFS]: [whole] });
    const { stdout } = await fluxctl(['diff', '--url', daemon.url, ...flags], env, { isTTY });
    expect(stdout.includes('\u001b[32m  + spec.replicas: 2\u001b[39m')).toBe(coloured);
    expect(stdout.includes('\u001b')).toBe(coloured);
  });

  test('nothing that a daemon sends drives the terminal (S-080)', async () => {
    const evil = '\u001b[2J\u0007\u202e\u009b31m';
    const answer = report({
      counts: { change: 1, [evil]: 1 },
      entries: [
        {
          id: `a${evil}`,
          action: 'change',
          place: { file: evil, document: 1, line: 1 },
          reason: evil,
          error: { code: 'x', message: evil },
          fields: [
            { path: `p${evil}`, from: evil, to: `${evil}\n${evil}\nx` },
            { path: 'q', to: [evil] },
          ],
        },
        { id: 'b', action: `odd${evil}` },
      ],
      errors: [{ file: evil, error: { code: 'x', message: evil } }],
    });
    for (const flags of [[], ['-o', 'json']]) {
      const { stdout } = await diff(answer, ...flags);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });
});
