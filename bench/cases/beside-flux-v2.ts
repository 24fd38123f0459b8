import { createRepository } from '../../test/e2e/harness/repository.ts';
import { atLeast, type Case } from '../case.ts';
import { type FluxV2, startFluxV2 } from '../contenders/flux-v2.ts';
import { type Fluxd, startFluxd } from '../contenders/fluxd.ts';
import { mixedManifests } from '../manifests.ts';
import { type Cost, middle } from '../measure.ts';

const OBJECTS = 1000;
const ROUNDS = 3;
/** What somebody must gain by coming from there. */
const FASTER = 1;

export const besideFluxV2: Case = {
  name: 'beside-flux-v2',
  title: "1,000 objects beside Flux v2's engine of applying",
  async run(lab) {
    const size = lab.scaled(OBJECTS);
    const acts = ['first sync', 'nothing changed', 'one object changed'] as const;
    const costs = acts.map((act) => ({ act, ours: [] as Cost[], whole: [] as Cost[], theirs: [] as Cost[] }));
    for (let round = 0; round < ROUNDS; round++) {
      for (const contender of ['ours', 'theirs'] as const) {
        const { kubeconfig } = await lab.fresh();
        const files = mixedManifests(size, contender);
        const steps = contender === 'ours' ? await fluxd(kubeconfig, files) : await fluxV2(kubeconfig, files);
        for (const [index, { cost, whole }] of steps.entries()) {
          costs[index]?.[contender].push(cost);
          if (whole) costs[index]?.whole.push(whole);
          lab.say(`round ${round + 1}, ${contender}, ${acts[index]}: ${cost.seconds.toFixed(3)} s`);
        }
      }
    }
    const ratios = costs.map(({ act, ours, theirs }) => ({ act, ratio: middle(theirs).seconds / middle(ours).seconds }));
    return {
      tables: [
        {
          header: [
            `${size} objects`,
            'fluxd s',
            "Flux v2's engine s",
            'times faster',
            'fluxd whole s',
            'fluxd CPU s',
            'engine CPU s',
          ],
          rows: costs.map(({ act, ours, theirs, whole }, index) => [
            act,
            middle(ours).seconds.toFixed(3),
            middle(theirs).seconds.toFixed(3),
            ratios[index]?.ratio.toFixed(1) ?? '',
            middle(whole).seconds.toFixed(3),
            middle(whole).cpuSeconds.toFixed(2),
            middle(theirs).cpuSeconds.toFixed(2),
          ]),
        },
      ],
      notes: [
        "The engine is github.com/fluxcd/pkg/ssa as kustomize-controller calls it, with the default limits (50 requests a second, bursts of 300, 4 at a time): files read, then ApplyAllStaged. The controllers fetch an artifact, run kustomize, wait for health and write their own status besides; fluxd's time is from the end of the fetch to the last answer, and its whole one has the fetch and the record in Git.",
      ],
      bounds: ratios.map(({ act, ratio }) =>
        atLeast(`${act}: faster than Flux v2's engine`, ratio, FASTER, { unit: 'times faster', digits: 1 }),
      ),
    };
  },
};

interface Step {
  readonly cost: Cost;
  /** With what the other contender has no part in. */
  readonly whole?: Cost;
}

type Files = Readonly<Record<string, string>>;

/** A ConfigMap with one value more. */
function changed(files: Files): readonly [path: string, content: string] {
  const [path, text] = Object.entries(files).find(([, each]) => each.includes('kind: ConfigMap')) ?? [];
  if (path === undefined || text === undefined) throw new Error('there is no ConfigMap to change');
  return [path, `${text}  more: "1"\n`];
}

async function fluxd(kubeconfig: string, files: Files): Promise<readonly Step[]> {
  const repository = await createRepository();
  await repository.commit('Nothing yet', { 'README.md': 'nothing yet\n' });
  const size = Object.keys(files).length;
  let daemon: Fluxd | undefined;
  try {
    daemon = await startFluxd({ kubeconfig, repository });
    const steps: Step[] = [];
    const [path, content] = changed(files);
    for (const [commit, expected] of [
      [files, { created: size }],
      [{ 'README.md': 'no manifest\n' }, { unchanged: size }],
      [{ [path]: content }, { configured: 1, unchanged: size - 1 }],
    ] as const) {
      await repository.commit('A change', commit);
      const whole = await daemon.sync(expected);
      steps.push({ whole, cost: { ...whole, seconds: whole.daemonMs / 1000 } });
    }
    return steps;
  } finally {
    await daemon?.end();
    repository.remove();
  }
}

async function fluxV2(kubeconfig: string, files: Files): Promise<readonly Step[]> {
  const size = Object.keys(files).length;
  let engine: FluxV2 | undefined;
  try {
    engine = await startFluxV2(kubeconfig, files);
    const first = await engine.apply({ created: size });
    const nothing = await engine.apply({ unchanged: size });
    engine.write(...changed(files));
    const one = await engine.apply({ configured: 1, unchanged: size - 1 });
    return [first, nothing, one].map((cost) => ({ cost }));
  } finally {
    await engine?.end();
  }
}
