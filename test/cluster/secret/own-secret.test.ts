import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { ABSENT, type OwnSecret } from '../../../src/cluster/index.ts';
import { createOwnSecret } from '../../../src/cluster/secret/own-secret.ts';
import { startSite } from '../../faults/world.ts';
import { transportTo } from '../transport-to.ts';

const PATH = 'api/v1/namespaces/flux/secrets/flux-git-deploy';
const buffer = (text: string) => Buffer.from(text);
const base64 = (text: string) => buffer(text).toString('base64');

async function start() {
  const site = await startSite();
  await site.person.create('api/v1/namespaces', { metadata: { name: 'flux' } });
  const transport = await transportTo(site.proxy.kubeconfig, systemClock);
  onTestFinished(() => transport.close());
  const daemon = (): OwnSecret => createOwnSecret({ transport, namespace: async () => 'flux', name: 'flux-git-deploy' });
  return { ...site, transport, daemon, secret: daemon() };
}

test('a Secret that nobody made is created, and read as it was written', async () => {
  const { secret, person } = await start();
  expect(await secret.read()).toBeUndefined();
  const written = await secret.write({ data: { identity: buffer('\0\xff'), 'identity.pub': null }, annotations: { a: 'b' } });
  expect(await secret.read()).toEqual(written);
  expect({ data: written.data, annotations: written.annotations }).toEqual({
    data: new Map([['identity', buffer('\0\xff')]]),
    annotations: new Map([['a', 'b']]),
  });
  expect(await person.get(PATH)).toMatchObject({ type: 'Opaque', metadata: { resourceVersion: written.version } });
});

test('a change leaves the other keys and annotations as they are, and removes what is null', async () => {
  const { secret, person } = await start();
  await person.create('api/v1/namespaces/flux/secrets', {
    metadata: { name: 'flux-git-deploy', annotations: { keep: 'it', old: 'one' }, labels: { app: 'flux' } },
    data: { identity: base64('old'), other: base64('theirs') },
  });
  const before = await secret.read();
  await secret.write(
    { data: { identity: null, 'identity.pub': buffer('new') }, annotations: { old: null } },
    { expected: before?.version ?? '' },
  );
  expect(await person.get(PATH)).toMatchObject({
    metadata: { annotations: { keep: 'it' }, labels: { app: 'flux' } },
    data: { 'identity.pub': base64('new'), other: base64('theirs') },
  });
  expect([...((await secret.read())?.data.keys() ?? [])].sort()).toEqual(['identity.pub', 'other']);
});

test('of two daemons that expect the same version, one writes, and the other learns of it', async () => {
  const { daemon } = await start();
  for (const expected of [async () => ABSENT, async () => (await daemon().read())?.version ?? '']) {
    const version = await expected();
    const results = await Promise.allSettled(
      ['one', 'two'].map((text) => daemon().write({ data: { identity: buffer(text) } }, { expected: version })),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const stored = (await daemon().read())?.data.get('identity')?.toString();
    expect(stored).toBe(results[0]?.status === 'fulfilled' ? 'one' : 'two');
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'secret/conflict' });
    await daemon().write({ data: { identity: null } });
  }
});

test('a Secret that was deleted meanwhile is not created by a change of its last version', async () => {
  const { secret, person } = await start();
  const { version } = await secret.write({ data: { identity: buffer('key') } });
  await person.delete(PATH);
  await expect(secret.write({ data: { identity: null, other: buffer('x') } }, { expected: version })).rejects.toMatchObject({
    code: 'secret/conflict',
  });
  expect(await secret.read()).toBeUndefined();
});

test('no error quotes a value', async () => {
  const { secret, proxy } = await start();
  const value = 'PRIVATE-KEY-OF-THE-TEST';
  const message = `Secret in version "v1" cannot be handled: data.identity: Invalid value: "${base64(value)}" ${value}`;
  proxy.intercept = ({ method }) => (method === 'GET' ? undefined : { kind: 'answer', status: 400, message });
  const error = await secret.write({ data: { identity: buffer(value) } }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'cluster/invalid' });
  expect(JSON.stringify(error) + String(error)).not.toMatch(new RegExp(`${value}|${base64(value)}`));
});

test('outside of the cluster there is no such Secret', async () => {
  const { transport } = await start();
  const secret = createOwnSecret({ transport, namespace: async () => undefined, name: 'flux-git-deploy' });
  for (const asked of [() => secret.read(), () => secret.write({}), () => secret.namespace()])
    await expect(asked()).rejects.toMatchObject({ code: 'secret/no-namespace' });
});
