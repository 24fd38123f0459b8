import { expect, test } from 'vitest';
import { isRendered } from '../../../../src/resource/index.ts';
import { leaksOf, plant } from '../../../support/canaries.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { until } from '../../../support/until.ts';
import { imitatedVault, TOKEN } from '../../decryption/real/key-services.ts';
import { ageKey, encrypt, open as openSops, runSops } from '../../decryption/real/sops.ts';
import type { Entries, Entry } from '../../kustomize/checkout.ts';
import { chartOf, open } from './program.ts';

const TEMPLATE = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  all: {{ toJson .Values | quote }}\n';
const blob = (content: Buffer): Entry => ({ mode: '100644', content });

test('encrypted files of values are decrypted by sops and by age, and have their place among others', async () => {
  const { identity, recipient } = await ageKey();
  const sealed = async (path: string, content: string) => blob(await encrypt(path, content, '--age', recipient));
  const { decrypter, given } = await openSops({ identities: [[recipient, identity]] });
  const { read, releases } = open({ decrypter });
  const long = 'x'.repeat(300 << 10);
  const entries: Entries = chartOf(TEMPLATE, '  valuesFiles: [1.yaml, 2.yaml, 3.json, 4.yaml]\n', {
    'shop/1.yaml': await sealed('1.yaml', 'a: 1\nb: 1\nnumber: 1.50\non: "yes"\nlist: [1, {x: null}]\n'),
    'shop/2.yaml': 'b: 2\nc: 2\nd: 2\n',
    'shop/3.json': await sealed('3.json', '{"c": 3, "d": 3, "text": "ä\\u2028\\n"}'),
    'shop/4.yaml': await sealed('4.yaml', `d: 4\nlong: ${long}\n`),
    'blog/.flux.yaml': 'version: 1\nhelm: {chart: ../charts/web}\n',
  });
  const { manifests, errors } = await read(entries);
  expect(errors).toEqual([]);
  const of = (unit: string) => manifests.find(({ place }) => isRendered(place) && place.unit.startsWith(unit));
  expect(of('shop')?.confidential).toBe('all');
  expect(of('blog')?.confidential).toBeUndefined();
  expect(JSON.parse(String(Object(of('shop')?.object.data).all))).toEqual({
    ...{ a: 1, b: 2, c: 3, d: 4, number: 1.5, on: 'yes', list: [1, { x: null }], text: 'ä\u2028\n', long },
  });
  expect(given).toHaveLength(1);
  releases.length = 0;
  await read({ ...entries, 'shop/2.yaml': 'b: 5\n' });
  expect(releases).toEqual(['shop']);
});

test('of a chart that fails with encrypted values nothing is shown, and a changed file refuses its folder alone', async () => {
  const planted = plant('value');
  const { identity, recipient } = await ageKey();
  const { decrypter } = await openSops({ identities: [[recipient, identity]] });
  const { read } = open({ decrypter });
  const values = await encrypt('v.yaml', `text: ${planted.value}\n`, '--age', recipient);
  const entries = chartOf('a: {{ .Values.text | atoi | required "x" | fail }}', '  valuesFiles: [v.yaml]\n', {
    'shop/v.yaml': blob(values),
    'plain.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n',
  });
  const failing = await read(entries);
  expect(failing.errors).toMatchObject([{ unit: 'shop/.flux.yaml', error: { code: 'helm/failed' } }]);
  const changed = await read({ ...entries, 'shop/v.yaml': `${values}`.replace('text: ENC', 'name: ENC') });
  expect(changed.errors).toMatchObject([{ unit: 'shop/.flux.yaml', error: { code: 'decryption/bad-mac' } }]);
  const said = JSON.stringify([failing, changed].map((each) => each.errors.map(({ error }) => `${error} ${error.help}`)));
  expect(leaksOf(planted, new Map([['errors', said]]))).toEqual([]);
  for (const { manifests } of [failing, changed]) expect(manifests.map(({ object }) => object.metadata.name)).toEqual(['plain']);
});

/** A file for a Vault that does not answer the first request to decrypt. */
async function fileOf(content: string) {
  const before = await imitatedVault();
  const uri = `${before.origin}/v1/transit/keys/flux`;
  const file = await runSops(['encrypt', '--filename-override', 'a.yaml', '--hc-vault-transit', uri], content, {
    VAULT_TOKEN: TOKEN,
  });
  const { origin, requests } = await imitatedVault('hangs');
  return { origin, requests, file: `${file}`.replace(before.origin, origin) };
}

test.each([
  ['a manifest', 'secret.yaml', 'apiVersion: v1\nkind: Secret\nmetadata:\n    name: b\nstringData:\n    a: b\n', undefined],
  ['values of a chart', 'shop/v.yaml', 'a: b\n', 'shop/.flux.yaml'],
])('while sops is killed on %s, others are read, and the next sync reads all', async (_, path, content, unit) => {
  const { origin, requests, file } = await fileOf(content);
  const sops = await openSops({ services: [{ kind: 'hc_vault', origin }], environment: { VAULT_TOKEN: TOKEN } });
  const clock = new ManualClock();
  const { read } = open({ decrypter: sops.decrypter, clock });
  const entries: Entries = {
    ...chartOf(TEMPLATE, unit ? '  valuesFiles: [v.yaml]\n' : ''),
    'blog/.flux.yaml': 'version: 1\nhelm: {chart: ../charts/web, releaseName: b, namespace: other}\n',
    [path]: file,
  };
  const reading = read(entries);
  await until('sops waits for the key', () => requests.length === 1);
  const running = await sops.running();
  expect(running).toHaveLength(1);
  for (const pid of running) process.kill(pid, 'SIGKILL');
  const killed = await reading;
  expect(killed.errors).toMatchObject([
    {
      file: unit ?? path,
      error: { code: 'decryption/failed', message: `${path} was not decrypted: sops was ended by SIGKILL` },
    },
  ]);
  expect(killed.errors[0]?.error.help).toContain('where memory is short');
  expect(killed.manifests).toHaveLength(unit ? 1 : 2);
  expect(await sops.running()).toEqual([]);

  clock.advance(30_000);
  const after = await read(entries);
  expect(after.errors).toEqual([]);
  expect(after.manifests).toHaveLength(unit ? 2 : 3);
});
