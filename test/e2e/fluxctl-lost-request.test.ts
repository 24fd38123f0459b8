import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { type ApiProxy, type Recorded, startApiProxy } from './harness/api-proxy.ts';
import type { Fault } from './harness/fault.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World | undefined;
let proxy: ApiProxy | undefined;
const isOn = thorough('fluxctl whose requests to fluxd are lost, one at each place');

beforeAll(async () => {
  if (isOn) world = await startWorld();
});
afterAll(async () => {
  await proxy?.close();
  await world?.close();
});

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['answered 503', { kind: 'answer', status: 503, body: 'no upstream' }],
  ['lost before it arrives', { kind: 'drop' }],
  ['lost after it was carried out', { kind: 'lose-answer' }],
];

/** What adds a commit; called anew for each run, because the same twice adds none. */
type Line = (run: number) => readonly string[];

test.runIf(isOn)(
  'a lost request of fluxctl is not noticed, or told, and nothing is committed twice',
  async () => {
    if (!world) throw new Error('the world is not up');
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    for (const version of ['1.0.0', '1.1.0', '2.0.0']) await world.push(name, version, { version });
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0` }),
    });
    const fluxd = await world.fluxd(repository, { args: ['--git-poll-interval=1h'] });
    await repository.synced(first);
    await until('the registry was scanned', async () =>
      (await (await fluxd.api(`v10/images?namespace=${shop}`)).text()).includes('2.0.0'),
    );
    proxy = await startApiProxy({ server: new URL(fluxd.url), tls: {}, headers: {} });
    const way = proxy;
    const id = `${shop}:deployment/web`;
    const LINES: readonly Line[] = [
      (run) => ['release', '--workload', id, '--update-image', `${image}:${run % 2 === 0 ? '1.1.0' : '2.0.0'}`],
      (run) => [run % 2 === 0 ? 'lock' : 'unlock', '-w', id],
    ];

    let head = first;
    /** Loses the nth request of a command line; how many there were, and what was lost. */
    async function lose(line: readonly string[], n: number, fault?: Fault): Promise<readonly [number, Recorded | undefined]> {
      let count = 0;
      let hit: Recorded | undefined;
      way.intercept = (request) => {
        count += 1;
        if (count !== n) return undefined;
        hit = request;
        return fault;
      };
      const ran = await fluxd.fluxctl('--url', `http://127.0.0.1:${way.port}/api/flux`, ...line);
      const where = `${line.join(' ')}: ${hit?.method} ${hit?.path} ${fault?.kind}\n${ran.stderr}`;
      const isLost = hit?.method === 'POST';
      expect(ran.code, where).toBe(isLost ? 1 : 0);
      if (isLost) expect(ran.stderr, where).toContain('The daemon may or may not have accepted');
      // Whatever was queued is done before a sync that is asked for after it has ended.
      const isDone = !isLost || fault?.kind === 'lose-answer';
      if (isDone) await until('it is committed', async () => (await repository.commitsSince(head)).length > 0);
      await fluxd.sync();
      const commits = await repository.commitsSince(head);
      expect(commits, where).toHaveLength(isDone ? 1 : 0);
      head = commits[0] ?? head;
      return [count, hit];
    }

    for (const line of LINES) {
      let run = 0;
      const before = await lose(line(run++), 0);
      for (const [, fault] of FAULTS) {
        for (let n = 1; n <= before[0]; n += 1) {
          const [, hit] = await lose(line(run), n, fault);
          // What was not done is still to be done.
          if (hit === undefined || hit.method !== 'POST' || fault.kind === 'lose-answer') run += 1;
        }
      }
    }
  },
  300_000,
);
