import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../git/support/repository.ts';
import { leaksOf, plant, reportCanaries } from '../support/canaries.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A Helm that puts its values into an object, or into its error. */
const HELM = `const { readFileSync, readdirSync } = require('node:fs');
const texts = readdirSync('values').sort().map((name) => readFileSync('values/' + name, 'utf8'));
const find = (key) => texts.flatMap((text) => text.match(new RegExp(key + '"?: "?([^"}\\\\n]+)'))?.[1] ?? []).at(-1);
if (find('fails')) { process.stderr.write('Error: execution error at (web/templates/web.yaml:1:4): ' + find('password') + '\\n'); process.exit(1); }
process.stdout.write('apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: charted}\\ndata: {region: ' + find('region') + ', password: ' + find('password') + '}\\n');
`;

function pathWithHelm(): string {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 'helm'), `#!${process.execPath}\n${HELM}`, { mode: 0o755 });
  return [folder, process.env.PATH].join(delimiter);
}

test.runIf(thorough('values of a chart beside fluxd, end to end'))(
  'S-074: a chart has values of objects beside fluxd, new ones without a commit, and nothing of a Secret comes out',
  async () => {
    const planted = plant('value of a Secret', 'changed value of a Secret', 'value of a Secret for a chart that fails');
    const [shop, account] = [world.namespace('values'), await world.account()];
    const home = account.namespace;
    if (!(await world.kube.find(`api/v1/namespaces/${home}`)))
      await world.kube.create('api/v1/namespaces', { metadata: { name: home } });
    await account.grant({ cluster: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] });
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const secrets = `api/v1/namespaces/${home}/secrets`;
    await world.kube.create(`api/v1/namespaces/${home}/configmaps`, {
      metadata: { name: 'cluster' },
      data: { 'values.yaml': 'region: eu\n' },
    });
    await world.kube.create(secrets, { metadata: { name: 'web' }, data: { password: base64(planted['value of a Secret']) } });
    const failing = base64(`password: ${planted['value of a Secret for a chart that fails']}\n`);
    await world.kube.create(secrets, { metadata: { name: 'failing' }, data: { 'values.yaml': failing } });

    const chart = (namespace: string, more: string) =>
      `version: 1\nhelm:\n  chart: ../charts/web\n  namespace: ${namespace}\n${more}`;
    const web =
      '  valuesFrom:\n  - {kind: ConfigMap, name: cluster}\n  - {kind: Secret, name: web, valuesKey: password, targetPath: password}\n';
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\n',
      'charts/web/templates/web.yaml': 'x: {{ .Values.region }}\n',
      'web/.flux.yaml': chart(shop, web),
      'failing/.flux.yaml': chart(shop, '  values: {fails: true}\n  valuesFrom: [{kind: Secret, name: failing}]\n'),
      'foreign/.flux.yaml': chart(shop, '  valuesFrom: [{kind: Secret, name: flux-git-deploy}]\n'),
    });
    const fluxd = await world.fluxd(repository, {
      account,
      env: { PATH: pathWithHelm() },
      args: [
        '--manifest-generation',
        '--generation-sandbox=best-effort',
        '--sync-garbage-collection',
        '--sync-interval=1s',
        '--substitute-from=configmap/cluster,secret/web,secret/failing',
      ],
    });
    await repository.synced(first);
    const charted = async () => (await world.kube.find(path.configMap(shop, 'charted')))?.data;
    expect(await charted()).toEqual({ region: 'eu', password: planted['value of a Secret'] });
    const said = JSON.stringify(await fluxd.sync());
    expect(said).toContain('secret/flux-git-deploy of valuesFrom is not among the objects that fluxd may read');
    expect(said).toContain('failing/.flux.yaml');

    const changed = planted['changed value of a Secret'];
    await world.kube.patch(`${secrets}/web`, { data: { password: base64(changed) } });
    await until('the new value is applied', async () => (await charted())?.password === changed);

    const outputs = new Map<string, string>();
    for (const command of [
      ['sync'],
      ['status', '--all'],
      ['why', `${shop}:configmap/charted`],
      ['history'],
      ['diff'],
      ['gc'],
      ['doctor'],
    ])
      outputs.set(command.join(' '), Object.values(await fluxd.fluxctl(...command)).join('\n'));

    await world.kube.delete(`${secrets}/web`);
    await until('the folder is refused', async () =>
      (await fluxd.fluxctl('status')).stdout.includes('secret/web of valuesFrom does not exist'),
    );
    expect(await charted()).toEqual({ region: 'eu', password: changed });

    outputs.set('notes', await repository.git('log', '--format=%B%n%N', '--notes=*', '--all'));
    outputs.set('log', fluxd.log());
    const leaks = leaksOf(planted, outputs);
    reportCanaries(planted, outputs, leaks);
    expect(leaks).toEqual([]);
  },
);
