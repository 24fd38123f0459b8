import { startBackend } from '../../test/e2e/harness/backend.ts';
import { type Fluxd, startFluxd } from '../../test/e2e/harness/fluxd.ts';
import * as manifest from '../../test/e2e/harness/manifests.ts';
import { createRepository, type Repository } from '../../test/e2e/harness/repository.ts';
import { until } from '../../test/e2e/harness/until.ts';
import { FakeRegistry } from '../../test/registry-watch/fake-registry.ts';
import { atMost, type Case } from '../case.ts';
import { type CountedGit, countedGit, type GitCall } from '../counted-git.ts';
import { median } from '../measure.ts';
import { countRequests, total } from '../requests.ts';

const UPDATES = 5;
const NAMESPACE = 'shop';
const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/web`;
/** Elections and Events come by time, or in the background. */
const ASIDE = /^\/apis\/(coordination|events)\.k8s\.io\//;

/** What one update took. */
interface Spent {
  readonly ms: number;
  /** The same from the push of the image, of which a notice is sent. */
  readonly msFromPush: number;
  /** Subcommands of git, from the tag seen to the Deployment applied. */
  readonly git: readonly string[];
  /** The same, until the sync is recorded. */
  readonly gitInAll: readonly string[];
  readonly registry: number;
  readonly kubernetes: number;
}

export const imageUpdate: Case = {
  name: 'image-update',
  title: 'An automated image update: processes and requests, from the tag seen to the Deployment applied',
  async run(lab) {
    await lab.close();
    const [backend, git, repository, registry] = [
      await startBackend({}),
      await countedGit(),
      await createRepository(),
      await new FakeRegistry().listen(),
    ];
    try {
      registry.push('1.0.0', '2030-01-01T00:00:00Z');
      const annotations = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:~1' };
      await repository.commit('Everything', {
        'namespace.yaml': manifest.namespace(NAMESPACE),
        'web.yaml': manifest.deployment({ namespace: NAMESPACE, name: 'web', image: `${registry.name}:1.0.0`, annotations }),
      });
      const fluxd = await startFluxd(backend.endpoint, {
        env: { PATH: git.path },
        args: [
          `--git-url=file://${repository.directory}`,
          '--git-branch=main',
          // Only the update causes a fetch or a scan.
          ...['--git-poll-interval=1h', '--sync-interval=1h', '--automation-interval=1h', '--automation-gather=0s'],
          `--registry-insecure-host=${registry.host}`,
          '--log-format=json',
        ],
      });
      try {
        await repository.synced(repository.head());
        const spent: Spent[] = [];
        for (let n = 1; n <= UPDATES; n += 1) spent.push(await update(n, { fluxd, git, repository, registry }));
        return report(spent);
      } finally {
        await fluxd.close();
      }
    } finally {
      await registry.close();
      repository.remove();
      git.remove();
      await backend.close();
    }
  },
};

interface Parts {
  readonly fluxd: Fluxd;
  readonly git: CountedGit;
  readonly repository: Repository;
  readonly registry: FakeRegistry;
}

async function update(n: number, { fluxd, git, repository, registry }: Parts): Promise<Spent> {
  const begin = Date.now();
  const scans: number[] = [];
  registry.intercept = () => {
    scans.push(Date.now());
    return undefined;
  };
  registry.push(`1.0.${n}`, `2030-01-0${n + 1}T00:00:00Z`);
  await fluxd.api('v11/notify', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Kind: 'image', Source: { Name: { Domain: registry.host, Image: 'team/web' } } }),
  });
  const applied = () =>
    fluxd.proxy.requests.find(
      ({ at, method, path, status }) => at >= begin && method === 'PATCH' && path === DEPLOYMENT && status,
    );
  await until('the Deployment is applied', () => applied() !== undefined);
  await repository.synced(repository.head());
  const from = seenAt(fluxd, `1.0.${n}`);
  const to = applied()?.at ?? Number.NaN;
  const isBetween = ({ at }: { readonly at: number }) => at >= from && at <= to;
  const calls = git.calls().filter(({ at }) => at >= from);
  const recordAt = calls.findIndex(({ command }, index) => command === 'push' && calls.slice(0, index).some(isTag));
  if (recordAt < 0) throw new Error('the record of the sync was not pushed');
  return {
    ms: to - from,
    msFromPush: to - begin,
    git: calls.filter(isBetween).map(({ command }) => command),
    // The health of the Deployment is recorded by itself, later.
    gitInAll: calls.slice(0, recordAt + 1).map(({ command }) => command),
    registry: scans.filter((at) => isBetween({ at })).length,
    kubernetes: total(countRequests(fluxd.proxy.requests.filter((request) => isBetween(request) && !ASIDE.test(request.path)))),
  };
}

function isTag({ command }: GitCall): boolean {
  return command === 'mktag';
}

/** When the daemon logged that it found the tag. */
function seenAt(fluxd: Fluxd, tag: string): number {
  const line = fluxd
    .log()
    .split('\n')
    .find((text) => text.includes('"msg":"newer image found"') && text.includes(`:${tag}"`));
  const time: unknown = line === undefined ? undefined : JSON.parse(line).time;
  if (typeof time !== 'string') throw new Error(`the daemon did not log that it found ${tag}:\n${fluxd.log()}`);
  return Date.parse(time);
}

function report(spent: readonly Spent[]): Awaited<ReturnType<Case['run']>> {
  const of = (figure: (one: Spent) => number) => median(spent.map(figure));
  const last = spent.at(-1);
  const processes = of(({ git }) => git.length);
  const inAll = of(({ gitInAll }) => gitInAll.length);
  return {
    tables: [
      {
        header: [
          'median of',
          'git processes',
          'with the record',
          'registry requests',
          'Kubernetes requests',
          'ms',
          'ms from the push',
        ],
        rows: [
          [
            `${spent.length} updates`,
            ...[processes, inAll, of(({ registry }) => registry), of(({ kubernetes }) => kubernetes)].map(String),
            of(({ ms }) => ms).toFixed(0),
            of(({ msFromPush }) => msFromPush).toFixed(0),
          ],
        ],
      },
    ],
    notes: [
      `git: ${last?.git.map((command) => `\`${command}\``).join(', ')}.`,
      'One Deployment in a file of its own, against the embedded API. The time includes the wrapper that counts git.',
      'The registry requests read the new image beside the update. A `log` and a `notes` of the sync run beside its apply, and may be counted before or after it.',
    ],
    bounds: [
      atMost(
        'no git process that asks the remote, but the push',
        (last?.git ?? []).filter((command) => /^(ls-remote|fetch)$/.test(command)).length,
        0,
        { unit: '' },
      ),
      atMost(
        '< 2 s from the push of the image to the Deployment applied',
        of(({ msFromPush }) => msFromPush),
        2_000,
        { unit: 'ms' },
      ),
      atMost('≤ 14 git processes, with the record', inAll, 14, { unit: '' }),
    ],
  };
}
