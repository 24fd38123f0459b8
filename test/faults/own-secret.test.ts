import { onTestFinished } from 'vitest';
import { ABSENT } from '../../src/cluster/index.ts';
import { createOwnSecret } from '../../src/cluster/secret/own-secret.ts';
import { transportTo } from '../cluster/transport-to.ts';
import { losesNothing } from './lost-request.ts';
import type { World } from './world.ts';

const PATH = 'api/v1/namespaces/shop/secrets/flux-git-deploy';
const NEW = { data: { identity: Buffer.from('key') }, annotations: { 'flux.weave.works/sync-hwm': 'abc' } };

/** Every sort of write: creation, a change of one version, and a change of any. */
async function live({ proxy, clock, time, person }: World): Promise<unknown> {
  const transport = await transportTo(proxy.kubeconfig, clock);
  onTestFinished(() => transport.close());
  const secret = createOwnSecret({ transport, namespace: async () => 'shop', name: 'flux-git-deploy' });
  const work = async () => {
    const before = await secret.read();
    const created = await secret.write(NEW, { expected: before?.version ?? ABSENT });
    await secret.write({ data: { identity: Buffer.from('next'), old: Buffer.from('key') } }, { expected: created.version });
    await secret.write({ data: { old: null }, annotations: { 'flux.weave.works/sync-hwm': 'def' } });
  };
  await time.during(work());
  const { data, metadata } = await person.get(PATH);
  return { data, annotations: metadata.annotations };
}

losesNothing(
  'a daemon keeps a key',
  {
    begin: async (world) => () => live(world),
    outcome: {
      data: { identity: Buffer.from('next').toString('base64') },
      annotations: { 'flux.weave.works/sync-hwm': 'def' },
    },
  },
  5,
);
