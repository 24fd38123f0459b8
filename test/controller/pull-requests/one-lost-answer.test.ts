import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { HOSTS, type HostKind } from '../../../src/git-host/index.ts';
import { rootOf, serveGitOverHttp } from '../../git/support/http-server.ts';
import { sampled } from '../../support/sampled.ts';
import { deployment, look, openWorld, type PullWorld } from './world.ts';

/** What automation looks at next may fail, and is looked at again, until it does not. */
async function untilSettled(world: PullWorld, proposals: ReturnType<PullWorld['start']>): Promise<number> {
  for (let failures = 0; ; failures += 1) {
    try {
      await look(world, proposals);
      return failures;
    } catch (error) {
      if (failures > 3) throw error;
    }
  }
}

/** The life of a branch: proposed, updated in place, taken back. */
async function live(world: PullWorld): Promise<void> {
  const proposals = world.start();
  await world.tag('cart', '1.1.0');
  await untilSettled(world, proposals);
  const [pull] = world.imitation.pulls;
  expect(world.imitation.pulls).toHaveLength(1);
  expect(pull).toMatchObject({ state: 'open', title: 'Update acme/cart to 1.1.0' });
  expect(pull?.body).not.toContain('text=unfinished');
  await world.tag('cart', '1.2.0');
  await untilSettled(world, proposals);
  expect(world.imitation.pulls).toHaveLength(1);
  expect(pull).toMatchObject({ state: 'open', title: 'Update acme/cart to 1.2.0' });
  expect(world.remote.git('log', '--format=%s', 'main..flux-updates')).toBe('Auto-release acme/cart:1.2.0');
  world.remote.commit({ 'cart.yaml': deployment('cart', '1.0.0', '{}') });
  await untilSettled(world, proposals);
  expect(pull).toMatchObject({ state: 'closed' });
  expect(world.has('flux-updates')).toBe(false);
  expect(world.remote.git('log', '--format=%ce', 'main')).not.toContain('support@weave.works');
}

/** How many requests the life needs. */
const REQUESTS: Readonly<Record<HostKind, number>> = {
  github: 13,
  gitlab: 14,
  gitea: 16,
  'bitbucket-cloud': 9,
  'bitbucket-server': 14,
  'azure-devops': 15,
};
/** A request that does not arrive is the same for all hosts. */
const ROWS = HOSTS.flatMap((kind) =>
  Array.from({ length: REQUESTS[kind] }, (_, n) => n + 1).flatMap((n) =>
    (kind === 'gitea' ? (['before', 'after'] as const) : (['after'] as const)).map(
      (when): readonly [HostKind, number, 'before' | 'after'] => [kind, n, when],
    ),
  ),
);

test.each(sampled('lost answers of Git hosts', ROWS, 2))('%s loses request %d, %s it is served', async (kind, n, when) => {
  const world = await openWorld({ kind });
  let isLost = false;
  world.imitation.lose = (each) => {
    if (each !== n) return undefined;
    isLost = true;
    return when;
  };
  await live(world);
  expect(isLost).toBe(true);
});

/** A push is asked for, and sent. */
const PUSHES = ['info/refs?service=git-receive-pack', 'git-receive-pack'];
const PUSH_ROWS = PUSHES.flatMap((what) =>
  [1, 2, 3].flatMap((n) => (['before', 'after'] as const).map((when) => [what, n, when] as const)),
);

test.each(sampled('lost answers to pushes of branches', PUSH_ROWS, 1))(
  '%s is lost at time %d, %s it is served',
  async (what, n, when) => {
    let count = 0;
    const isIt = ({ url = '' }: IncomingMessage) => {
      if (!url.endsWith(what)) return false;
      count += 1;
      return count === n;
    };
    const url = async (path: string) => {
      const { origin } = await serveGitOverHttp(rootOf(path), {
        ...(when === 'before'
          ? {
              intercept(request) {
                const isLost = isIt(request);
                if (isLost) request.socket.destroy();
                return isLost;
              },
            }
          : { breakAnswer: isIt }),
      });
      return `${origin}/remote.git`;
    };
    await live(await openWorld({ url }));
  },
);
