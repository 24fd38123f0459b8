import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { createManifests, type HelmProgram, listingOf, type Manifests } from '../../src/manifests/index.ts';
import { createHelm } from '../../src/sandbox/index.ts';
import { atMost, type Case } from '../case.ts';
import { type ChartReleases, chartReleases } from '../chart-releases.ts';
import { helmFolder, xargsTemplate } from '../contenders/helm.ts';
import { median } from '../measure.ts';

const RELEASES = 200;
const COLD_RUNS = 3;
/** About as many as a cluster with some operators serves. */
const API_VERSIONS = [
  'v1',
  'apps/v1',
  'batch/v1',
  ...Array.from({ length: 200 }, (_, n) => `group-${n}.example.org/v1/Kind${n}`),
];

const NO_ARCHIVES = { fetch: () => Promise.reject(new Error('an archive is fetched')) };

/** fluxd's part, in this process, and how many renderings it asked for. */
class Reader {
  renderings = 0;
  readonly #manifests: Manifests;
  readonly #close: () => Promise<void>;

  constructor() {
    const helm = createHelm({
      program: join(helmFolder(), 'helm'),
      directory: mkdtempSync(join(tmpdir(), 'flux-bench-charts-')),
      memoryDirectory: mkdtempSync('/dev/shm/flux-bench-charts-'),
      clock: systemClock,
      logger: silentLogger(),
    });
    const program: HelmProgram = {
      template: (args, files, options) => {
        this.renderings += 1;
        return helm.template(args, files, options);
      },
    };
    const capabilities = { kubeVersion: 'v1.34.4', apiVersions: API_VERSIONS };
    this.#manifests = createManifests({
      paths: ['releases'],
      generation: { runner: NO_COMMANDS, environment: {}, timeoutMs: 60_000 },
      helm: { program, archives: NO_ARCHIVES, capabilities: async () => capabilities, timeoutMs: 60_000 },
    });
    this.#close = () => helm.close();
  }

  /** Reads a revision; resolves to the seconds that it took, and the number of renderings. */
  async read(files: ChartReleases['files'], objects: number): Promise<{ readonly seconds: number; readonly renderings: number }> {
    const paths = Object.keys(files).sort();
    const { files: listed, blob } = listingOf(paths.map((path) => ({ path, content: files[path] ?? '' })));
    const before = this.renderings;
    const begin = performance.now();
    const { manifests, errors } = await this.#manifests.read(listed, blob);
    const seconds = (performance.now() - begin) / 1000;
    if (errors.length > 0 || manifests.length !== objects)
      throw new Error(`${manifests.length} objects, ${errors[0]?.error.message}`);
    return { seconds, renderings: this.renderings - before };
  }

  close(): Promise<void> {
    return this.#close();
  }
}

const NO_COMMANDS = {
  run: () => Promise.reject(new Error('no folder has commands')),
};

/** Rendering charts with Helm: all of them, and those that a change concerns. */
export const helm: Case = {
  name: 'helm',
  title: 'Charts rendered by Helm',
  async run(lab) {
    await lab.close();
    const releases = chartReleases(lab.scaled(RELEASES));
    const count = releases.folders.length;
    const objects = count * releases.objectsEach;
    const cold: { readonly ours: number; readonly xargs: number }[] = [];
    for (let n = 0; n < COLD_RUNS; n++) {
      lab.say(`rendering ${count} charts, ${n + 1} of ${COLD_RUNS}`);
      const xargs = await xargsTemplate(releases.files, releases);
      const reader = new Reader();
      const { seconds } = await reader.read(releases.files, objects);
      await reader.close();
      cold.push({ ours: seconds, xargs });
    }
    const reader = new Reader();
    await reader.read(releases.files, objects);
    const same = await reader.read(releases.files, objects);
    const one = await reader.read(changed(releases.files, 'releases/release-1/values.yaml', 'team: ', 'team: new-'), objects);
    await reader.close();
    const ratio = median(cold.map(({ ours, xargs }) => ours / xargs));
    const s = (of: readonly number[]) => of.map((each) => each.toFixed(2)).join(' ');
    return {
      tables: [
        {
          header: [`${count} charts, ${objects} objects`, 'renderings', 's'],
          rows: [
            ['all, `xargs -P2 helm template`', String(count), s(cold.map(({ xargs }) => xargs))],
            ['all, fluxd', String(count), s(cold.map(({ ours }) => ours))],
            ['nothing changed', String(same.renderings), same.seconds.toFixed(3)],
            ['a file of values changed', String(one.renderings), one.seconds.toFixed(3)],
          ],
        },
      ],
      bounds: [
        atMost('all charts, × `xargs -P2 helm template`', ratio, 1.1, { unit: '', digits: 2 }),
        atMost('renderings when nothing changed', same.renderings, 0, { unit: '' }),
        atMost('renderings when a file of values changed', one.renderings, 1, { unit: '' }),
      ],
    };
  },
};

function changed(files: ChartReleases['files'], path: string, from: string, to: string): ChartReleases['files'] {
  return { ...files, [path]: (files[path] ?? '').replace(from, to) };
}
