import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../git/support/repository.ts';
import { leaksOf, plant, reportCanaries } from '../support/canaries.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';
import { createSealer } from './harness/sealed.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Programs in the place of the real ones: they put what they are given into objects, or into an error. */
const KUSTOMIZE = `const { readFileSync } = require('node:fs');
const text = readFileSync('token.txt', 'utf8').trim();
const [, namespace] = /namespace: (\\S+)/.exec(readFileSync('kustomization.yaml', 'utf8'));
const metadata = 'metadata: {name: made, namespace: ' + namespace + '}';
if (text.startsWith('fail')) { process.stderr.write('Error: loading KV pairs: ' + text + ' is not a valid key name\\n'); process.exit(1); }
if (text.startsWith('hang')) { const parent = process.ppid; setInterval(() => { if (process.ppid !== parent) process.exit(); }, 10); return; }
const [key, value] = text.split('=');
process.stdout.write('apiVersion: v1\\nkind: Secret\\n' + metadata + '\\nstringData: {' + key + ': ' + value + '}\\n---\\napiVersion: v1\\nkind: ConfigMap\\n' + metadata + '\\ndata: {' + key + ': ' + value + '}\\n');
`;
const HELM = `const { readFileSync } = require('node:fs');
const values = readFileSync('values/0.yaml', 'utf8');
const [, text] = /value: "?([^"\\n]*)/.exec(values) || [];
if (text.startsWith('fail')) { process.stderr.write('Error: execution error at (web/templates/web.yaml:1:4): ' + text + '\\n'); process.exit(1); }
process.stdout.write('apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: charted}\\ndata: {key: ' + text + '}\\n');
`;

/** A PATH with these programs; what fluxd decrypts by age needs no sops. */
function programs(): string {
  const folder = temporaryDirectory();
  for (const [name, text] of Object.entries({ kustomize: KUSTOMIZE, helm: HELM, sops: 'process.exit(1);\n' }))
    writeFileSync(join(folder, name), `#!${process.execPath}\n${text}`, { mode: 0o755 });
  return [folder, process.env.PATH].join(delimiter);
}

/** All that is in the files below a folder. */
function contentsBelow(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString('latin1'))
    .join('\n');
}

test.runIf(thorough('nothing of encrypted files comes out'))(
  'S-074: nothing of encrypted files comes out by the log, the API, metrics, events, notes, commits or files',
  async () => {
    const planted = plant(
      'data of a Secret',
      'stringData of a Secret',
      'changed stringData of a Secret',
      'data of a ConfigMap',
      'data of a ConfigMap that is not encrypted any more',
      'environment of a Deployment',
      'argument of a Deployment',
      'annotation',
      'refused data of a Secret',
      'data of a Secret that is no base64',
      'data of a wrong type',
      'environment of a refused Deployment',
      'annotation of a refused Deployment',
      'file of a generator',
      'name in a file of a generator',
      'file of a failing generator',
      'value of a chart',
      'value of a failing chart',
      'text of an object that is invalid',
      'data of a custom kind that is not there',
    );
    const shop = world.namespace('shop');
    const sealer = await createSealer();
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const metadata = (name: string, more: object = {}) => ({ name, namespace: shop, ...more });
    const secret = (name: string, more: object) =>
      sealer.yaml({ apiVersion: 'v1', kind: 'Secret', metadata: metadata(name), ...more });
    const configMap = (name: string, data: object) =>
      sealer.yaml({ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(name), data: { ...data } });
    const deployment = (name: string, value: string, note: string, more: object = {}) =>
      sealer.yaml({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: metadata(name, { annotations: { note } }),
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: {
              containers: [{ name: 'web', image: 'acme/web:1', env: [{ name: 'TOKEN', value }], ...more }],
            },
          },
        },
      });
    const chart = (value: string) => sealer.yaml({ value });
    const helm = `version: 1\nhelm:\n  chart: ../charts/web\n  namespace: ${shop}\n  valuesFiles: [values.yaml]\n`;
    const kustomization = `namespace: ${shop}\nsecretGenerator: [{ name: made, files: [token.txt] }]\n`;
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'all/namespace.yaml': manifest.namespace(shop),
      'all/good.yaml': await secret('good', {
        data: { key: base64(planted['data of a Secret']) },
        stringData: { plain: planted['stringData of a Secret'] },
      }),
      'all/settings.yaml': await configMap('settings', { key: planted['data of a ConfigMap'] }),
      'all/former.yaml': await configMap('former', { key: planted['data of a ConfigMap that is not encrypted any more'] }),
      'all/web.yaml': await deployment('web', planted['environment of a Deployment'], planted.annotation, {
        args: [planted['argument of a Deployment']],
      }),
      'all/bad.yaml': await secret('bad', { data: { [`no key ${'!'}`]: base64(planted['refused data of a Secret']) } }),
      'all/bad-base64.yaml': await secret('bad-base64', { data: { key: `${planted['data of a Secret that is no base64']}!` } }),
      'all/bad-type.yaml': await secret('bad-type', { data: { key: [planted['data of a wrong type']] } }),
      'all/refused.yaml': await deployment(
        'refused',
        planted['environment of a refused Deployment'],
        planted['annotation of a refused Deployment'],
        { ports: [{ containerPort: 70_000 }] },
      ),
      'all/invalid.yaml': await sealer.yaml(
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'invalid', namespace: shop, labels: { a: [planted['text of an object that is invalid']] } },
        },
        '^labels$',
      ),
      'all/unknown.yaml': await sealer.yaml({
        apiVersion: 'acme.example/v1',
        kind: 'Widget',
        metadata: metadata('unknown'),
        data: { key: planted['data of a custom kind that is not there'] },
      }),
      'all/kustomized/kustomization.yaml': kustomization,
      'all/kustomized/token.txt': await sealer.bytes(
        `${planted['name in a file of a generator']}=${planted['file of a generator']}`,
      ),
      'all/failing/kustomization.yaml': kustomization,
      'all/failing/token.txt': await sealer.bytes(`fail ${planted['file of a failing generator']}`),
      'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\n',
      'charts/web/templates/web.yaml': 'x: {{ .Values.value }}\n',
      'all/charted/.flux.yaml': helm.replace('../charts', '../../charts'),
      'all/charted/values.yaml': await chart(planted['value of a chart']),
      'all/failing-chart/.flux.yaml': helm.replace('../charts', '../../charts'),
      'all/failing-chart/values.yaml': await chart(`fail ${planted['value of a failing chart']}`),
    });
    const scratch = temporaryDirectory();
    const keyFile = join(scratch, 'age.agekey');
    writeFileSync(keyFile, `${sealer.identity}\n`);
    const TMPDIR = temporaryDirectory();
    const fluxd = await world.fluxd(repository, {
      args: [
        '--sops',
        `--sops-age-key-file=${keyFile}`,
        '--git-path=all',
        '--kustomize=auto',
        '--manifest-generation',
        '--generation-sandbox=best-effort',
        '--log-format=json',
        '--sync-garbage-collection',
      ],
      env: { PATH: programs(), TMPDIR },
    });
    const origin = new URL(fluxd.url).origin;
    const seen = new Map<string, string>();
    const ask = async (what: string, at: string, init?: RequestInit) => {
      const response = await fetch(origin + at, init);
      seen.set(what, `${seen.get(what) ?? ''}${await response.text()}\n`);
    };
    const post = (what: string, at: string, body: unknown) =>
      ask(what, at, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

    // What is applied has it all.
    await repository.synced(first);
    const of = async (kind: string, name: string) => (await world.kube.find(`api/v1/namespaces/${shop}/${kind}/${name}`))?.data;
    expect(await of('secrets', 'good')).toEqual({
      key: base64(planted['data of a Secret']),
      plain: base64(planted['stringData of a Secret']),
    });
    expect(await of('configmaps', 'settings')).toEqual({ key: planted['data of a ConfigMap'] });
    expect(await of('configmaps', 'made')).toEqual({
      [planted['name in a file of a generator']]: planted['file of a generator'],
    });
    expect(await of('configmaps', 'charted')).toEqual({ key: planted['value of a chart'] });
    const [web] = (await world.kube.get(path.deployment(shop, 'web'))).spec.template.spec.containers;
    expect(web).toMatchObject({ env: [{ value: planted['environment of a Deployment'] }] });

    // It is changed in Git and in the cluster, and edited.
    const former = { 'all/former.yaml': manifest.configMap(shop, 'former', { key: 'clear' }) };
    await post('diff of files', '/api/v1/diffs', {
      files: [{ path: 'former.yaml', content: former['all/former.yaml'] }],
    });
    const second = await repository.commit('Change', {
      'all/good.yaml': await secret('good', { stringData: { plain: planted['changed stringData of a Secret'] } }),
    });
    await repository.synced(second);
    await world.kube.patch(`api/v1/namespaces/${shop}/configmaps/made`, {
      data: { [planted['name in a file of a generator']]: 'HACKED' },
    });
    await until('the drift is corrected', async () => {
      const data = (await of('configmaps', 'made')) ?? {};
      return Object.values(data).includes(planted['file of a generator']);
    });
    await post('diff of a revision', '/api/v1/diffs', { revision: first });
    expect(await fluxd.fluxctl('automate', '--workload', `${shop}:deployment/web`)).toMatchObject({ code: 0 });
    await repository.synced(repository.head());

    for (const route of ['objects', 'history', 'images/scans', 'health', 'gc', 'syncs/none'])
      await ask(route, `/api/v1/${route}`);
    for (const name of [
      'secret/good',
      'secret/bad',
      'deployment/web',
      'deployment/refused',
      'configmap/made',
      'configmap/settings',
    ])
      await ask('why', `/api/v1/why?id=${shop}:${name}`);
    for (const file of ['all/invalid.yaml', 'all/failing/kustomization.yaml', 'all/failing-chart/.flux.yaml'])
      await ask('why of a file', `/api/v1/why?file=${encodeURIComponent(file)}`);
    for (const at of ['v11/services?namespace=', 'v10/images?namespace=&service=%3Call%3E', 'v6/sync?ref=main'])
      await ask(at, `/api/flux/${at}`);
    const exported = await fetch(`${origin}/api/flux/v6/export`);
    seen.set('export', Buffer.from(await exported.text(), 'base64').toString('utf8'));
    await ask('metrics', '/metrics');
    for (const words of [
      ['list-workloads', '-a'],
      ['list-images', '-n', shop],
      ['sync'],
      ['diff'],
      ['status'],
      ['save', '--out', '-'],
    ]) {
      const { stdout, stderr } = await fluxd.fluxctl(...words);
      seen.set(`fluxctl ${words[0]}`, stdout + stderr);
    }
    seen.set('log', fluxd.log());
    seen.set('commits', await repository.git('log', '-p', '--format=raw', '--all'));
    for (const ref of ['flux', 'flux-sync'])
      for (const line of (await repository.git('notes', `--ref=${ref}`, 'list')).trim().split('\n'))
        seen.set(
          `notes ${ref}`,
          `${seen.get(`notes ${ref}`) ?? ''}${await repository.git('cat-file', '-p', line.split(' ')[0] ?? '')}`,
        );
    seen.set('tags', await repository.git('for-each-ref', '--format=%(refname) %(contents)'));
    seen.set('cluster events', JSON.stringify(await world.kube.find('api/v1/events')));
    seen.set('files below TMPDIR', contentsBelow(TMPDIR));
    seen.set('command lines', execFileSync('ps', ['-ww', '-eo', 'args='], { encoding: 'utf8' }));

    for (const what of [
      'log',
      'objects',
      'history',
      'notes flux-sync',
      'fluxctl diff',
      'why',
      'diff of a revision',
      'files below TMPDIR',
    ])
      expect(seen.get(what)?.length, what).toBeGreaterThan(100);
    const leaks = leaksOf(planted, seen);
    reportCanaries(planted, seen, leaks);
    expect(leaks).toEqual([]);
  },
);

/** The folders in memory of a daemon, and what is in their files. */
function inMemoryOf(pid: number): readonly string[] {
  const folders = readdirSync('/dev/shm').filter((name) => name.startsWith(`flux-gitclone-${pid}-`));
  return folders.map((name) => contentsBelow(join('/dev/shm', name)));
}

test.runIf(thorough('a daemon that is killed while it decrypts'))(
  'a daemon that is killed while a program has decrypted files leaves them in memory alone, and the next one removes them',
  async () => {
    const planted = plant('file of a generator');
    const sealer = await createSealer();
    const repository = await world.repository();
    await repository.commit('A build that hangs', {
      'app/kustomization.yaml': 'secretGenerator: [{ name: made, files: [token.txt] }]\n',
      'app/token.txt': await sealer.bytes(`hang ${planted['file of a generator']}`),
    });
    const scratch = temporaryDirectory();
    const keyFile = join(scratch, 'age.agekey');
    writeFileSync(keyFile, `${sealer.identity}\n`);
    const TMPDIR = temporaryDirectory();
    const fluxd = await world.fluxd(repository, {
      args: ['--sops', `--sops-age-key-file=${keyFile}`, '--kustomize=auto'],
      env: { PATH: programs(), TMPDIR },
    });
    const { pid } = fluxd;
    const isLaidOut = () => inMemoryOf(pid).some((content) => content.includes(planted['file of a generator']));
    await until('the files are laid out', isLaidOut);
    await fluxd.kill();
    expect(isLaidOut()).toBe(true);
    const leaks = () => leaksOf(planted, new Map([['TMPDIR', contentsBelow(TMPDIR)]]));
    expect(leaks()).toEqual([]);
    await repository.commit('It does not hang any more', { 'app/token.txt': await sealer.bytes('key=value') });
    await fluxd.restart();
    expect(inMemoryOf(pid)).toEqual([]);
    await repository.synced(repository.head());
    expect(leaks()).toEqual([]);
  },
);
