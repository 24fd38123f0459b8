import { expect, test } from 'vitest';
import { answer, usage } from './harness/cluster.ts';
import { environment } from './harness/environment.ts';
import { type Installation, installOverHttp, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { type Clone, clone } from './harness/git-server.ts';
import { pushWeb } from './harness/images.ts';
import { shop } from './harness/manifests.ts';
import { openPage } from './harness/page.ts';
import { until } from './harness/until.ts';

const says = (namespace: string, version: string) =>
  until(`the pod answers with version ${version}`, async () =>
    ((await answer(namespace, 'web')) ?? '').includes(`version=${version} `),
  );

interface Overview {
  readonly sources: readonly { readonly commit?: { readonly subject: string } }[];
}

interface LiveObject {
  readonly exists: boolean;
  readonly fields: readonly { readonly path: string; readonly state: string; readonly owners: readonly { manager: string }[] }[];
  readonly events?: readonly { readonly reason: string }[];
}

/** What the web page shows, as a browser gets it through the port-forward of `fluxctl ui`: fluxd's, and the user's view of an object. */
async function shownOnPage(flux: Installation, id: string): Promise<{ readonly overview: Overview; readonly live: LiveObject }> {
  await using page = await openPage(flux);
  expect((await page.read(`live/object?id=${id}`, {})).status).toBe(403);
  return {
    overview: (await (await page.read('overview')).json()) as Overview,
    live: (await (await page.read(`live/object?id=${id}`)).json()) as LiveObject,
  };
}

/** A repository as it is made: with a branch, and nothing for Flux in it yet. */
async function begin(name: string): Promise<Clone> {
  const repository = await clone(name);
  await repository.commit('Begin', { 'README.md': 'What runs in our cluster.\n' });
  return repository;
}

/** What somebody sees who installs Flux, commits, and pushes an image. */
async function commitThenImage(namespace: string, repository: Clone): Promise<string> {
  const image = `${namespace}/web`;
  await pushWeb(image, '1.0.0');
  const file = shop(namespace, `${environment.registry}/${image}:1.0.0`);
  const first = await repository.commit('Open the shop', { 'shop.yaml': file });
  await says(namespace, '1.0.0');
  const record = await repository.synced(first);
  expect(record.counts).toEqual({ created: 3 });

  await pushWeb(image, '1.1.0');
  await pushWeb(image, '2.0.0'); // not what the pattern allows
  await says(namespace, '1.1.0');
  const second = await repository.nextAfter(first);
  expect(repository.read('shop.yaml')).toBe(file.replace('web:1.0.0', 'web:1.1.0'));
  expect((await repository.git('rev-list', `${first}..${second}`)).trim()).toBe(second);
  expect(await repository.git('show', '--no-patch', '--format=%an: %s', second)).toMatch(/^[^:]+: Auto-release .*web:1\.1\.0\n/);
  expect(JSON.parse(await repository.git('notes', '--ref=flux', 'show', second))).toMatchObject({
    spec: { type: 'auto' },
    result: { [`${namespace}:deployment/web`]: { Status: 'success' } },
  });
  await repository.synced(second);
  return second;
}

function report(installation: Installation, uid: string): void {
  const { residentMiB, peakMiB, cpuSeconds } = usage(uid);
  console.log(
    `pod of fluxd in ${installation.namespace}: ${residentMiB} MiB resident, ${peakMiB} MiB at its peak with cached files, ${cpuSeconds.toFixed(1)} s of CPU since its start`,
  );
  expect(residentMiB).toBeGreaterThan(10);
  expect(cpuSeconds).toBeGreaterThan(0);
}

test('with Git over SSH: a commit is running, a new image is committed and running, fluxctl works through a port-forward', async () => {
  const repository = await begin('main-job');
  const flux = await installOverSsh('flux', 'main-job');
  showLogOnFailure(flux);
  const second = await commitThenImage('shop', repository);

  // The new pod may answer while the old one still goes.
  await until('list-workloads shows that the rollout is over', async () => {
    const workloads = await flux.fluxctl('list-workloads', '--namespace=shop');
    expect(workloads).toMatchObject({ code: 0 });
    return /^shop:deployment\/web +web +\S+\/shop\/web:1\.1\.0 +ready +automated$/m.test(workloads.stdout);
  });

  const synced = await flux.fluxctl('sync', '--wait');
  expect(synced).toMatchObject({ code: 0 });
  expect(synced.stdout + synced.stderr).toContain(`Revision of main to apply is ${second.slice(0, 7)}`);

  const released = await flux.fluxctl(
    'release',
    '--workload=shop:deployment/web',
    `--update-image=${environment.registry}/shop/web:2.0.0`,
    '--force',
  );
  expect(released).toMatchObject({ code: 0 });
  await says('shop', '2.0.0');
  const third = await repository.pull();
  expect(JSON.parse(await repository.git('notes', '--ref=flux', 'show', third))).toMatchObject({ spec: { type: 'image' } });
  await repository.synced(third);
  expect((await repository.git('rev-list', `${second}..${third}`)).trim()).toBe(third);

  const { overview, live } = await shownOnPage(flux, 'shop:deployment/web');
  expect(overview.sources[0]?.commit?.subject).toMatch(/^Release .*web:2\.0\.0/);
  expect(live.exists).toBe(true);
  expect(live.fields.filter(({ state }) => state === 'differs' || state === 'missing')).toEqual([]);
  expect(live.fields.find(({ path }) => path.endsWith('.image'))?.owners).toMatchObject([{ manager: 'flux' }]);
  expect(live.events?.map(({ reason }) => reason)).toContain('ScalingReplicaSet');

  const [pod, ...others] = await flux.pods();
  expect(others).toEqual([]);
  expect(pod).toMatchObject({ ready: true, restarts: 0 });
  report(flux, pod?.uid ?? '');
  await flux.uninstall();
  await says('shop', '2.0.0');
});

test('with Git over HTTP: the same', async () => {
  const repository = await begin('http');
  const flux = await installOverHttp('flux-http', 'http');
  showLogOnFailure(flux);
  await commitThenImage('shop-http', repository);
  expect(await flux.log()).not.toContain('pa55-w0rd');
  const [pod] = await flux.pods();
  expect(pod).toMatchObject({ ready: true, restarts: 0 });
  report(flux, pod?.uid ?? '');
  await flux.uninstall();
});
