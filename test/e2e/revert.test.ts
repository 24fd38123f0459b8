import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { openShop, type Recorded, type Shop, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

interface RevertingShop extends Shop {
  /** Whether it runs the image with this tag, and is ready. */
  isReady(tag: string): Promise<boolean>;
  /** The subjects of the commits since the shop was opened, oldest first. */
  subjects(): Promise<readonly string[]>;
}

/** A shop whose Deployment runs 1.0.0, is automated, and reverts failed updates. */
async function openRevertingShop(): Promise<RevertingShop> {
  const shop = await openShop(world, {
    versions: ['1.0.0'],
    annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*', 'fluxcd.io/revert-on-failure': 'true' },
    fluxd: { args: [`--automation-revert-deadline=${world.runsPods ? 15 : 2}s`] },
  });
  const { fluxd, repository, namespace, image, first } = shop;
  const isReady = async (tag: string) =>
    (await fluxd.fluxctl('list-workloads', '-n', namespace)).stdout
      .split('\n')
      .some((line) => line.includes(`${image}:${tag} `) && / ready/.test(line));
  await until('it is ready', () => isReady('1.0.0'));
  return {
    ...shop,
    isReady,
    subjects: async () => (await repository.git('log', '--reverse', '--format=%s', `${first}..main`)).split('\n').filter(Boolean),
  };
}

test.runIf(thorough('a bad image that is reverted, end to end'))(
  'a bad image is reverted and banned with the reason of its pod, and the next one is taken',
  async () => {
    const { fluxd, repository, workload, image, name, isReady, text, subjects } = await openRevertingShop();
    await world.push(name, '1.1.0', { version: '1.1.0', exitCode: 3 });
    await until('it is reverted', async () => (await text()).includes('fluxcd.io/ban.web'));
    expect(await text()).toMatch(/fluxcd\.io\/ban\.web: '?1\.1\.0'?\n/);
    expect(await text()).toContain(`${image}:1.0.0 # kept current by Flux`);
    const message = await repository.git('log', '-1', '--format=%B', 'main');
    expect(message).toContain(`Revert image update of ${workload}`);
    expect(message).toMatch(/web: container web: (CrashLoopBackOff|Error), exit code 3 \(pod web-/);
    expect(message).toContain(`- web: ${image}:1.1.0 is banned, back to ${image}:1.0.0`);
    const note = JSON.parse(await repository.git('notes', '--ref=flux', 'show', 'main')) as {
      spec: { type: string; spec: object };
    };
    expect(note.spec).toMatchObject({ type: 'auto', spec: { Revert: { Reasons: { [workload]: expect.any(String) } } } });
    const metrics = await (await fetch(new URL('/metrics', fluxd.url))).text();
    expect(metrics).toContain('flux_git_commits_total{type="revert"} 1');

    // Only an update of a workload that is ready is followed.
    await until('it is ready again', () => isReady('1.0.0'));
    await world.push(name, '1.2.0', { version: '1.2.0' });
    await until('the next image is taken', async () => (await text()).includes(`${image}:1.2.0`));
    await until('it is healthy', async () => fluxd.log().includes('updated workload is healthy'));
    expect(await subjects()).toEqual([
      `Auto-release ${image}:1.1.0`,
      `Revert image update of ${workload}`,
      `Auto-release ${image}:1.2.0`,
    ]);
  },
);

/** Where the daemon is killed, and how that moment is recognised. */
type Moment = (shop: RevertingShop) => void;

function atPush(hook: 'pre-receive' | 'post-receive'): Moment {
  return ({ fluxd, repository }) =>
    repository.hook(
      hook,
      `while read -r old new ref; do case "$(git log -1 --format=%s "$new")" in Revert*) [ -e killed ] || { touch killed; kill -9 ${fluxd.pid}; sleep 0.2; } ;; esac; done`,
    );
}

const isOfPods = ({ path }: Recorded) => path.includes('/pods');

const moments: readonly (readonly [string, Moment])[] = [
  [
    'when its update is in git',
    ({ fluxd }) => void until('the update is pushed', () => fluxd.log().includes('update pushed')).then(() => fluxd.kill()),
  ],
  [
    'when it looks at the pods',
    ({ fluxd }) => {
      fluxd.proxy.intercept = async (request) => {
        if (!isOfPods(request) || !fluxd.running()) return undefined;
        await fluxd.kill();
        return { kind: 'drop' };
      };
    },
  ],
  ['while the revert is pushed', atPush('pre-receive')],
  ['after the revert was pushed, before it hears of it', atPush('post-receive')],
];

test.runIf(thorough('a reverting daemon that is killed')).for(moments)(
  'killed %s, a new daemon reverts once',
  async ([, arrange]) => {
    const shop = await openRevertingShop();
    const { fluxd, workload, image, name, text, subjects } = shop;
    arrange(shop);
    await world.push(name, '1.1.0', { version: '1.1.0', exitCode: 1 });
    await until('it is killed', () => !fluxd.running());
    fluxd.proxy.intercept = undefined;
    await fluxd.restart();
    await until('it is reverted', async () => (await text()).includes('fluxcd.io/ban.web'));
    await fluxd.sync();
    expect(await text()).toContain(`${image}:1.0.0`);
    expect(await subjects()).toEqual([`Auto-release ${image}:1.1.0`, `Revert image update of ${workload}`]);
  },
);

test.runIf(thorough('lost answers about pods'))(
  'a lost answer about the pods delays the revert, and changes nothing else',
  async () => {
    const { fluxd, workload, image, name, text, subjects } = await openRevertingShop();
    let lost = 0;
    fluxd.proxy.intercept = (request) => {
      if (!isOfPods(request) || lost >= 3) return undefined;
      lost += 1;
      return [{ kind: 'drop' } as const, { kind: 'lose-answer' } as const, { kind: 'answer', status: 500 } as const][lost - 1];
    };
    await world.push(name, '1.1.0', { version: '1.1.0', exitCode: 1 });
    await until('it is reverted', async () => (await text()).includes('fluxcd.io/ban.web'));
    expect(lost).toBe(3);
    expect(await subjects()).toEqual([`Auto-release ${image}:1.1.0`, `Revert image update of ${workload}`]);
  },
);
