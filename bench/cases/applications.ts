import { createRepository } from '../../test/e2e/harness/repository.ts';
import { atMost, type Case } from '../case.ts';
import { bareLoop } from '../contenders/bare-loop.ts';
import { type Fluxd, startFluxd } from '../contenders/fluxd.ts';
import type { Lab } from '../lab.ts';
import { applications as manifests } from '../manifests.ts';
import { median } from '../measure.ts';

const APPLICATIONS = 1000;
const ROUNDS = 3;
const IN_FLIGHT = 24;
const NAMESPACE = 'applications';

interface Run {
  readonly appliedSeconds: number;
  readonly healthySeconds: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

export const applications: Case = {
  name: 'applications',
  title:
    '1,000 applications × 4 objects (ServiceAccount, Service, Deployment with replicas 0, Ingress) in one namespace, to applied and healthy',
  async run(lab) {
    const count = lab.scaled(APPLICATIONS);
    const runs: Readonly<Record<'bare' | 'fluxd', Run[]>> = { bare: [], fluxd: [] };
    // Each finds a new control plane.
    for (let round = 0; round < ROUNDS; round++) {
      runs.bare.push(await bare(lab, count));
      runs.fluxd.push(await fluxd(lab, count));
    }
    const healthy = (of: readonly Run[]) => median(of.map(({ healthySeconds }) => healthySeconds));
    const row = (name: string, of: readonly Run[]) => [
      name,
      median(of.map(({ appliedSeconds }) => appliedSeconds)).toFixed(2),
      healthy(of).toFixed(2),
      (healthy(of) / healthy(runs.bare)).toFixed(2),
      of.map(({ healthySeconds }) => healthySeconds.toFixed(2)).join(' '),
      median(of.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
      Math.max(...of.map(({ peakMib }) => peakMib)).toFixed(0),
    ];
    return {
      tables: [
        {
          header: [`${count} applications`, 'applied s', 'and healthy s', 'ratio', 'runs, s', 'CPU s', 'peak MiB'],
          rows: [row(`bare loop, ${IN_FLIGHT} in flight, then one watch on Deployments`, runs.bare), row('fluxd', runs.fluxd)],
        },
      ],
      notes: ['fluxd: from the end of the fetch until `GET /api/v1/health` says that everything is current.'],
      bounds: [
        atMost('≤ 1.15 × (the bare loop + the same health wait)', healthy(runs.fluxd) / healthy(runs.bare), 1.15, {
          unit: '×',
          digits: 2,
        }),
      ],
    };
  },
};

async function bare(lab: Lab, count: number): Promise<Run> {
  const { kubeconfig } = await lab.fresh();
  const options = { inFlight: IN_FLIGHT, healthyIn: NAMESPACE };
  const { seconds, healthySeconds, cpuSeconds, peakMib } = await bareLoop(kubeconfig, manifests(count, NAMESPACE), options);
  lab.say(`bare loop: ${healthySeconds.toFixed(2)} s`);
  return { appliedSeconds: seconds, healthySeconds, cpuSeconds, peakMib };
}

async function fluxd(lab: Lab, count: number): Promise<Run> {
  const { kubeconfig } = await lab.fresh();
  const repository = await createRepository();
  await repository.commit('Nothing yet', { 'README.md': 'nothing yet\n' });
  let daemon: Fluxd | undefined;
  try {
    daemon = await startFluxd({ kubeconfig, repository });
    await repository.commit('Everything', manifests(count, NAMESPACE));
    const { daemonMs, fetchedAt, cpuSeconds } = await daemon.sync({ created: 4 * count + 1 });
    const healthySeconds = ((await daemon.healthy()) - fetchedAt) / 1000;
    lab.say(`fluxd: ${healthySeconds.toFixed(2)} s`);
    return { appliedSeconds: daemonMs / 1000, healthySeconds, cpuSeconds, peakMib: daemon.peakMib() };
  } finally {
    await daemon?.end();
    repository.remove();
  }
}
