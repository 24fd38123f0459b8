import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { thorough } from '../support/sampled.ts';
import { builtCommands } from './harness/build.ts';
import { manifest, startWorld, type World, writesOf } from './harness/index.ts';
import { run } from './harness/process.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
type KubeObject = z.infer<typeof objectSchema>;
const entriesSchema = z.array(z.object({ place: z.object({ file: z.string() }), object: objectSchema }));

/** Without the marks of fluxd, which the repository has not. */
function unmarked({ metadata: { labels = {}, annotations = {}, ...metadata }, ...object }: KubeObject) {
  const { 'fluxcd.io/sync-gc-mark': _mark, ...ownLabels } = labels;
  const { 'fluxcd.io/sync-checksum': _checksum, ...ownAnnotations } = annotations;
  return { ...object, metadata: { ...metadata, labels: ownLabels, annotations: ownAnnotations } };
}

const byName = (objects: readonly KubeObject[]) =>
  objects.map(unmarked).toSorted((a, b) => `${a.kind}/${a.metadata.name}`.localeCompare(`${b.kind}/${b.metadata.name}`));

/** A shop with plain files and a unit, and its daemon. */
async function renderedShop() {
  const shop = world.namespace('render');
  const repository = await world.repository();
  const web = manifest.deployment({ namespace: shop, name: 'web', image: 'acme/web:1', replicas: 0 });
  const revision = await repository.commit('Open the shop', {
    'base/namespace.yaml': manifest.namespace(shop),
    'base/list.yaml': `apiVersion: v1\nkind: List\nitems:\n- ${manifest.configMap(shop, 'item').trim().replaceAll('\n', '\n  ')}\n`,
    'base/link.yaml': { link: '../shared/linked.yaml' },
    'shared/linked.yaml': manifest.configMap(shop, 'linked', { number: '"12345678901234567890"' }),
    'web.template': web,
    'envs/.flux.yaml': `version: 1
patchUpdated:
  generators:
  - command: sed 's|acme/web:1|acme/web:2|' ../../web.template
  - command: cat maps/*.yaml
  patchFile: patch.yaml
`,
    'envs/staging/maps/a.yaml': manifest.configMap(shop, 'a'),
    'envs/staging/patch.yaml': manifest.configMap(shop, 'a', { patched: '"true"' }),
    'elsewhere/ignored.yaml': manifest.configMap(shop, 'elsewhere'),
  });
  const fluxd = await world.fluxd(repository, {
    args: [
      '--manifest-generation',
      '--generation-sandbox=best-effort',
      '--git-path=base,envs/staging',
      '--registry-disable-scanning',
    ],
  });
  await repository.synced(revision);
  const program = join(await builtCommands(), 'fluxctl.js');
  const fluxctl = (...args: readonly string[]) => run(program, args, { cwd: repository.clone });
  return { shop, repository, revision, fluxd, fluxctl };
}

const WARNING = 'Warning: commands of the repository run as you, without a sandbox (--allow-commands)\n';

test.runIf(thorough('fluxctl render, end to end'))(
  'render prints for a revision exactly the objects that fluxd applied for it',
  async () => {
    const { repository, revision, fluxd, fluxctl } = await renderedShop();
    const applied = writesOf(fluxd.proxy).flatMap(({ method, body, query }) =>
      method === 'PATCH' && query.get('fieldManager') === 'flux' ? [objectSchema.parse(JSON.parse(body))] : [],
    );
    expect(applied).toHaveLength(5);

    // What is on the disk by now does not count.
    writeFileSync(join(repository.clone, 'web.template'), 'changed');
    const flags = [`--revision=${revision}`, '--allow-commands', '-o', 'json'];
    const { code, stdout, stderr } = await fluxctl('render', ...flags, 'base', 'envs/staging');
    expect({ code, stderr }).toEqual({ code: 0, stderr: WARNING });
    const rendered = entriesSchema.parse(JSON.parse(stdout));
    expect(byName(rendered.map(({ object }) => object))).toEqual(byName(applied));
  },
);

test.runIf(thorough('diff --path of generated folders'))(
  'diff --path renders first: it finds nothing that differs after a sync, and then what is edited',
  async () => {
    const { shop, repository, fluxd, fluxctl } = await renderedShop();
    const diff = (...args: readonly string[]) => fluxctl('diff', `--url=${fluxd.url}`, '--path=base,envs/staging', ...args);
    expect(await diff('--allow-commands')).toEqual({ code: 0, stdout: '5 unchanged\n', stderr: WARNING });

    writeFileSync(join(repository.clone, 'envs/staging/maps/a.yaml'), manifest.configMap(shop, 'a', { more: '1' }));
    writeFileSync(join(repository.clone, 'base/new.yaml'), manifest.configMap(shop, 'new'));
    const { code, stdout } = await diff('--allow-commands');
    expect(code).toBe(1);
    expect(stdout.replaceAll(shop, 'SHOP').split('\n')).toEqual([
      'create SHOP:configmap/new  base/new.yaml:1  not in the cluster',
      '  + data.greeting: hello',
      'change SHOP:configmap/a  envs/staging/../.flux.yaml  changed in Git',
      '  - data.greeting: hello',
      '  + data.more: "1"',
      '1 create, 1 change, 4 unchanged',
      '',
    ]);
    const refused = await diff();
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('error envs/staging/../.flux.yaml: not rendered: needs --allow-commands\n');
  },
);
