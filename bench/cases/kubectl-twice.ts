import { createRepository } from '../../test/e2e/harness/repository.ts';
import { atLeast, type Bound, type Case, type Table } from '../case.ts';
import { type Fluxd, startFluxd } from '../contenders/fluxd.ts';
import { kubectl } from '../contenders/kubectl.ts';
import { mixedManifests } from '../manifests.ts';
import { type Cost, middle } from '../measure.ts';

interface Result {
  readonly name: string;
  readonly first: Cost;
  readonly again: Cost;
}

const SIZES = [100, 1000];
const REPEATS = 5;

/** Whole syncs of fluxd, from the question to the end, the fetch and the record in Git included, beside whole runs of kubectl. */
export const kubectlTwice: Case = {
  name: 'kubectl',
  title: 'Whole syncs beside kubectl',
  async run(lab) {
    const { kubeconfig } = await lab.fresh();
    const tables: Table[] = [];
    const bounds: Bound[] = [];
    for (const size of SIZES.map(lab.scaled)) {
      lab.say(`${size} objects`);
      const client = await twice('kubectl apply', kubeconfig, mixedManifests(size, `client-${size}`), []);
      const server = await twice('kubectl apply --server-side', kubeconfig, mixedManifests(size, `server-${size}`), [
        '--server-side',
      ]);
      const ours = await syncTwice(kubeconfig, mixedManifests(size, `fluxd-${size}`));
      tables.push({
        header: [`${size} objects`, 'first s', 'ratio', 'no-op s', 'ratio', 'first CPU s', 'no-op CPU s', 'peak MiB'],
        rows: [client, server, ours].map((result) => row(result, server)),
      });
      bounds.push(
        atLeast(
          `${size} objects: first sync no slower than \`kubectl apply --server-side\``,
          server.first.seconds / ours.first.seconds,
          1,
          { unit: 'times faster', digits: 2 },
        ),
        atLeast(
          `${size} objects: no-op sync at least 20 times faster than \`kubectl apply --server-side\``,
          server.again.seconds / ours.again.seconds,
          20,
          { unit: 'times faster', digits: 1 },
        ),
      );
    }
    const notes = ['"first": nothing of it exists yet. "no-op": everything is as it should be, at an unchanged revision.'];
    return { tables, notes, bounds };
  },
};

async function twice(
  name: string,
  kubeconfig: string,
  files: Readonly<Record<string, string>>,
  flags: readonly string[],
): Promise<Result> {
  const { apply, remove } = await kubectl(kubeconfig, files, flags);
  const first = await apply();
  const again = [await apply()];
  // Once is enough for what takes long anyway.
  while (again.length < 3 && (again[0]?.seconds ?? 0) < 10) again.push(await apply());
  remove();
  return { name, first, again: middle(again) };
}

async function syncTwice(kubeconfig: string, files: Readonly<Record<string, string>>): Promise<Result> {
  const repository = await createRepository();
  await repository.commit('Nothing yet', { 'README.md': 'nothing yet\n' });
  let fluxd: Fluxd | undefined;
  try {
    fluxd = await startFluxd({ kubeconfig, repository });
    await repository.commit('Everything', files);
    const count = Object.keys(files).length;
    const first = await fluxd.sync({ created: count });
    const again: Cost[] = [];
    for (let n = 0; n < REPEATS; n++) again.push(await fluxd.sync({ unchanged: count }));
    return { name: 'fluxd', first, again: middle(again) };
  } finally {
    await fluxd?.end();
    repository.remove();
  }
}

function row({ name, first, again }: Result, reference: Result): readonly string[] {
  return [
    name,
    first.seconds.toFixed(2),
    (first.seconds / reference.first.seconds).toFixed(2),
    again.seconds.toFixed(3),
    (again.seconds / reference.again.seconds).toFixed(3),
    first.cpuSeconds.toFixed(2),
    again.cpuSeconds.toFixed(2),
    Math.max(first.peakMib, again.peakMib).toFixed(0),
  ];
}
