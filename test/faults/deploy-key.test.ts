import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { createOwnSecret } from '../../src/cluster/secret/own-secret.ts';
import { transportTo } from '../cluster/transport-to.ts';
import { deployKeys } from '../git/support/deploy-keys.ts';
import { temporaryDirectory } from '../git/support/repository.ts';
import { haveSshKeygen } from '../git/support/ssh-keygen.ts';
import { losesNothing } from './lost-request.ts';
import type { World } from './world.ts';

const URL = 'git@example.org:acme/config';

/** A key is generated, replaced and settled; a second daemon and a restart follow. */
async function live({ proxy, clock, time, person }: World): Promise<unknown> {
  const transport = await transportTo(proxy.kubeconfig, clock);
  onTestFinished(() => transport.close());
  const daemon = () =>
    deployKeys({
      mountedFile: '/nonexistent/identity',
      secret: createOwnSecret({ transport, namespace: async () => 'shop', name: 'flux-git-deploy' }),
      directories: [join(temporaryDirectory(), 'ssh')],
      urls: [URL],
      clock,
      log: silentLogger(),
    });
  const [leader, follower] = [daemon(), daemon()];
  /** As the loop fetches, time and again. */
  const rounds = async (keys: typeof leader, count: number) => {
    for (let round = 0; round < count; round += 1) {
      await clock.sleep(31_000);
      await keys.refresh();
      await keys.unproven(URL)?.accepted();
    }
  };
  let over = false;
  const end = () => {
    over = true;
  };
  /** ssh-keygen runs in real time, while some of the other time goes by. */
  const pulse = async () => {
    while (!over) await clock.sleep(50);
  };
  const work = async () => {
    await leader.refresh();
    await rounds(leader, 1);
    const first = await leader.publicKey();
    // A person asks again when the answer was lost.
    const second = await leader.regenerate().catch(() => leader.regenerate());
    await rounds(leader, 3);
    await rounds(follower, 2);
    const restarted = daemon();
    await restarted.refresh();
    await rounds(restarted, 1);
    return { first, publicKeys: [leader, follower, restarted].map((keys) => keys.publicKey()), second };
  };
  const { first, second, publicKeys } = await time.during(Promise.all([work().finally(end), pulse()]).then(([result]) => result));
  const { data } = await person.get('api/v1/namespaces/shop/secrets/flux-git-deploy');
  return {
    keys: Object.keys(data).sort(),
    isStored: Buffer.from(data['identity.pub'], 'base64').toString() === second,
    isNew: first !== second,
    isKnown: new Set(await Promise.all(publicKeys)).size === 1 && (await publicKeys[0]) === second,
  };
}

if (haveSshKeygen())
  losesNothing(
    'a deploy key is made, and replaced',
    {
      begin: async (world) => () => live(world),
      outcome: { keys: ['identity', 'identity.pub'], isStored: true, isNew: true, isKnown: true },
    },
    5,
  );
else test.skip('a deploy key is made, and replaced');
