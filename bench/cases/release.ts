import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createManifests } from '../../src/manifests/index.ts';
import { startBackend } from '../../test/e2e/harness/backend.ts';
import { type Fluxd, startFluxd } from '../../test/e2e/harness/fluxd.ts';
import * as manifest from '../../test/e2e/harness/manifests.ts';
import { createRepository } from '../../test/e2e/harness/repository.ts';
import { FakeRegistry } from '../../test/registry-watch/fake-registry.ts';
import { atMost, type Case } from '../case.ts';
import { median } from '../measure.ts';

const WORKLOADS = 1000;
const QUESTIONS = 20;
const EDITS = 50;
const LINES = 1000;
const NAMESPACE = 'shop';

/** One release over many workloads, and questions why, on a daemon that has synced them. */
export const release: Case = {
  name: 'release',
  title: 'A release over many workloads, an edit, and why',
  async run(lab) {
    await lab.close();
    const workloads = lab.scaled(WORKLOADS);
    const [backend, repository, registry] = [await startBackend({}), await createRepository(), await new FakeRegistry().listen()];
    try {
      for (const tag of ['1.0.0', '1.1.0']) registry.push(tag, '2030-01-01T00:00:00Z');
      const files = Array.from({ length: workloads }, (_, n) => {
        const name = `web-${n}`;
        return [`${name}.yaml`, manifest.deployment({ namespace: NAMESPACE, name, image: `${registry.name}:1.0.0` })] as const;
      });
      await repository.commit('Everything', { 'namespace.yaml': manifest.namespace(NAMESPACE), ...Object.fromEntries(files) });
      const fluxd = await startFluxd(backend.endpoint, {
        args: [
          `--git-url=file://${repository.directory}`,
          '--git-branch=main',
          ...['--git-poll-interval=1h', '--sync-interval=1h', '--automation-interval=1h'],
          `--registry-insecure-host=${registry.host}`,
        ],
      });
      try {
        await repository.synced(repository.head());
        const whyMs: number[] = [];
        for (let n = 0; n < QUESTIONS; n += 1) whyMs.push(await timed(() => ask(fluxd, `web-${n % workloads}`)));
        const releaseMs = await timed(() => releaseAll(fluxd, `${registry.name}:1.1.0`));
        const changed = (await repository.git('show', '--format=', '--name-only', 'main')).split('\n').filter(Boolean).length;
        if (changed !== workloads) throw new Error(`the release changed ${changed} files of ${workloads}`);
        const editMs = await editOfLongFile();
        return {
          tables: [
            {
              header: ['', 'ms'],
              rows: [
                [
                  `a release over ${workloads} workloads in ${workloads} files, from the request to the push`,
                  releaseMs.toFixed(0),
                ],
                [`an edit of an image in a file of ${LINES} lines, CPU`, editMs.toFixed(2)],
                [`why, median of ${QUESTIONS}`, median(whyMs).toFixed(0)],
                [`why, longest of ${QUESTIONS}`, Math.max(...whyMs).toFixed(0)],
              ],
            },
          ],
          notes: ['Against the embedded API, over a mirror that has the head. Why is asked before anything is cached for it.'],
          bounds: [
            atMost('a release over 1,000 workloads in 1,000 files', releaseMs, 3000, { unit: 'ms' }),
            atMost('an edit in a file of 1,000 lines', editMs, 5, { unit: 'ms CPU', digits: 2 }),
            atMost('why', median(whyMs), 200, { unit: 'ms' }),
          ],
        };
      } finally {
        await fluxd.close();
      }
    } finally {
      await registry.close();
      repository.remove();
      await backend.close();
    }
  },
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function ask(fluxd: Fluxd, name: string): Promise<void> {
  const url = new URL(`/api/v1/why?id=${encodeURIComponent(`${NAMESPACE}:deployment/${name}`)}`, fluxd.url);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`why: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}

const job = z.object({ StatusString: z.string(), Err: z.string().optional() });

async function releaseAll(fluxd: Fluxd, image: string): Promise<void> {
  const spec = { ServiceSpecs: ['<all>'], ImageSpec: image, Kind: 'execute', Excludes: [], Force: false };
  const answer = await fluxd.api('v9/update-manifests', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'image', cause: { Message: '', User: '' }, spec }),
  });
  const id = z.string().parse(await answer.json());
  for (;;) {
    const { StatusString, Err } = job.parse(await (await fluxd.api(`v6/jobs?id=${id}`)).json());
    if (StatusString === 'succeeded') return;
    if (StatusString === 'failed') throw new Error(`the release failed: ${Err}`);
    await sleep(10);
  }
}

/** CPU time of an edit of the last of many documents. */
async function editOfLongFile(): Promise<number> {
  const one = (name: string) => manifest.deployment({ namespace: NAMESPACE, name, image: 'acme/web:1.0.0' });
  const documents = Array.from({ length: Math.ceil(LINES / one('web-0').split('\n').length) }, (_, n) => one(`web-${n}`));
  const text = documents.join('---\n');
  const target = { document: documents.length, kind: 'Deployment', name: `web-${documents.length - 1}` };
  const change = { kind: 'images', images: [{ target, container: 'web', image: 'acme/web:1.1.0' }] } as const;
  const manifests = createManifests();
  const edit = () => manifests.edit('web.yaml', change, async () => text, {});
  await edit();
  const costs: number[] = [];
  for (let n = 0; n < EDITS; n += 1) {
    const before = process.cpuUsage();
    await edit();
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1000);
  }
  return median(costs);
}
