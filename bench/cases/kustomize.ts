import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { createManifests, type KustomizeProgram, listingOf, type Manifests } from '../../src/manifests/index.ts';
import { createKustomize } from '../../src/sandbox/index.ts';
import { createRepository } from '../../test/e2e/harness/repository.ts';
import { atMost, type Case } from '../case.ts';
import { startFluxd } from '../contenders/fluxd.ts';
import { kustomizeFolder, xargsBuild } from '../contenders/kustomize.ts';
import { type KustomizeApps, kustomizeApps } from '../kustomize-apps.ts';
import type { Lab } from '../lab.ts';
import { median } from '../measure.ts';

const APPS = 1000;
const COLD_RUNS = 3;
const SYNCS = 5;

type Files = Readonly<Record<string, string>>;

/** fluxd's part, in this process, and how many builds it asked for. */
class Reader {
  builds = 0;
  readonly #manifests: Manifests;
  readonly #close: () => Promise<void>;

  constructor() {
    const kustomize = createKustomize({
      program: join(kustomizeFolder(), 'kustomize'),
      directory: mkdtempSync(join(tmpdir(), 'flux-bench-builds-')),
      memoryDirectory: mkdtempSync('/dev/shm/flux-bench-builds-'),
      clock: systemClock,
      logger: silentLogger(),
    });
    const program: KustomizeProgram = {
      build: (folder, files, options) => {
        this.builds += 1;
        return kustomize.build(folder, files, options);
      },
    };
    this.#manifests = createManifests({ paths: ['apps'], kustomize: { program, auto: true, timeoutMs: 60_000 } });
    this.#close = () => kustomize.close();
  }

  /** Reads a revision; resolves to the seconds that it took, and the number of builds. */
  async read(files: Files, objects: number): Promise<{ readonly seconds: number; readonly builds: number }> {
    const paths = Object.keys(files).sort();
    const { files: listed, blob } = listingOf(paths.map((path) => ({ path, content: files[path] ?? '' })));
    const before = this.builds;
    const begin = performance.now();
    const { manifests, errors } = await this.#manifests.read(listed, blob);
    const seconds = (performance.now() - begin) / 1000;
    if (errors.length > 0 || manifests.length !== objects)
      throw new Error(`${manifests.length} objects, ${errors[0]?.error.message}`);
    return { seconds, builds: this.builds - before };
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** Building applications with kustomize: all of them, and those that a change concerns. */
export const kustomize: Case = {
  name: 'kustomize',
  title: 'Applications built by kustomize',
  async run(lab) {
    await lab.close();
    const apps = kustomizeApps(lab.scaled(APPS));
    const objects = apps.overlays.length * apps.objectsEach + 1;
    const cold: { readonly ours: number; readonly xargs: number }[] = [];
    for (let n = 0; n < COLD_RUNS; n++) {
      lab.say(`building ${apps.overlays.length} applications, ${n + 1} of ${COLD_RUNS}`);
      const xargs = await xargsBuild(apps.files, apps.overlays);
      const reader = new Reader();
      const { seconds } = await reader.read(apps.files, objects);
      await reader.close();
      cold.push({ ours: seconds, xargs });
    }
    const reader = new Reader();
    await reader.read(apps.files, objects);
    const same = await reader.read(apps.files, objects);
    const one = await reader.read(changed(apps.files, 'bases/app-1/deployment.yaml', 'cpu: 10m', 'cpu: 20m'), objects);
    const shared = await reader.read(changed(apps.files, 'bases/shared/deployment.yaml', 'cpu: 10m', 'cpu: 20m'), objects);
    await reader.close();
    const applied = await inDaemon(lab, apps, objects);
    const ratio = median(cold.map(({ ours, xargs }) => ours / xargs));
    const s = (of: readonly number[]) => of.map((each) => each.toFixed(2)).join(' ');
    return {
      tables: [
        {
          header: [`${apps.overlays.length} applications, ${objects} objects`, 'builds', 's'],
          rows: [
            ['all, `xargs -P2 kustomize build`', String(apps.overlays.length), s(cold.map(({ xargs }) => xargs))],
            ['all, fluxd', String(apps.overlays.length), s(cold.map(({ ours }) => ours))],
            ['nothing changed', String(same.builds), same.seconds.toFixed(3)],
            ['a file of one application changed', String(one.builds), one.seconds.toFixed(3)],
            [`a base of ${apps.shared.length} applications changed`, String(shared.builds), shared.seconds.toFixed(3)],
            ['one changed, from the end of the fetch until it is applied', '1', (applied.ms / 1000).toFixed(3)],
          ],
        },
        {
          header: ['memory of fluxd', 'MiB'],
          rows: applied.memory.map(({ count, mib }) => [`${count} applications, in sync`, mib.toFixed(0)]),
        },
      ],
      bounds: [
        atMost('all applications, × `xargs -P2 kustomize build`', ratio, 1.1, { unit: '', digits: 2 }),
        atMost('builds when nothing changed', same.builds, 0, { unit: '' }),
        atMost('builds when one application changed', one.builds, 1, { unit: '' }),
        // Those of the change, and the one that is as it was again.
        atMost('builds when a shared base changed', shared.builds, apps.shared.length, { unit: '' }),
        atMost('one changed, applied after the end of the fetch', applied.ms, 400, { unit: 'ms' }),
        atMost('memory for each further application of three objects', applied.kibEach, 128, { unit: 'KiB' }),
      ],
    };
  },
};

function changed(files: Files, path: string, from: string, to: string): Files {
  return { ...files, [path]: (files[path] ?? '').replace(from, to) };
}

async function inDaemon(lab: Lab, apps: KustomizeApps, objects: number) {
  const server = await lab.fresh();
  const memory: { readonly count: number; readonly mib: number }[] = [];
  const times: number[] = [];
  const half = kustomizeApps(Math.floor(apps.overlays.length / 2));
  const repository = await createRepository();
  const path = [kustomizeFolder(), process.env.PATH].join(delimiter);
  await repository.commit('Nothing yet', { 'apps/README.md': 'nothing yet\n' });
  const fluxd = await startFluxd({
    kubeconfig: server.kubeconfig,
    repository,
    path,
    args: ['--kustomize=auto', '--git-path=apps', '--sync-timeout=5m'],
  });
  try {
    for (const part of [half, apps]) {
      lab.say(`syncing ${part.overlays.length} applications`);
      await repository.commit('More', part.files);
      const all = part.overlays.length * part.objectsEach + 1;
      const known = memory.length === 0 ? 0 : half.overlays.length * half.objectsEach + 1;
      await fluxd.sync({ created: all - known, ...(known === 0 ? {} : { unchanged: known }) });
      await server.quiet();
      memory.push({ count: part.overlays.length, mib: fluxd.residentMib() });
    }
    for (let n = 0; n < SYNCS; n++) {
      await repository.commit('One', {
        'bases/app-1/deployment.yaml': `${apps.files['bases/app-1/deployment.yaml']}# ${n}\n`.replace(
          'cpu: 10m',
          `cpu: ${n + 1}m`,
        ),
      });
      const { daemonMs } = await fluxd.sync({ configured: 1, unchanged: objects - 1 });
      times.push(daemonMs);
    }
    const [first, second] = memory;
    if (!first || !second) throw new Error('nothing was synced');
    return { ms: median(times), memory, kibEach: ((second.mib - first.mib) * 1024) / (second.count - first.count) };
  } finally {
    await fluxd.end();
    repository.remove();
  }
}
