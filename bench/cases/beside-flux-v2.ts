import { createRepository } from '../../test/e2e/harness/repository.ts';
import { atLeast, type Case } from '../case.ts';
import { type FluxV2, startFluxV2 } from '../contenders/flux-v2.ts';
import { type Fluxd, startFluxd } from '../contenders/fluxd.ts';
import { mixedManifests } from '../manifests.ts';
import { type Cost, middle } from '../measure.ts';

const OBJECTS = 1000;
const ROUNDS = 3;
const ACTS = ['first sync', 'nothing changed', 'one object changed'];

type Files = Readonly<Record<string, string>>;
/** What each act cost. */
type Contender = (kubeconfig: string, files: Files) => Promise<readonly Cost[]>;

const FLUXD = 'fluxd, from the end of the fetch to the last answer';
const ENGINE = "Flux v2's engine";
const UNLIMITED = "Flux v2's engine, requests not limited";

export const besideFluxV2: Case = {
  name: 'beside-flux-v2',
  title: "1,000 objects beside Flux v2's engine of applying",
  async run(lab) {
    const contenders = new Map<string, Contender>([
      [FLUXD, fluxd],
      [ENGINE, fluxV2('limited')],
      [UNLIMITED, fluxV2('unlimited')],
    ]);
    const costs = new Map([...contenders.keys()].map((name) => [name, ACTS.map((): Cost[] => [])]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, contender] of contenders) {
        const { kubeconfig } = await lab.fresh();
        const acts = await contender(kubeconfig, mixedManifests(lab.scaled(OBJECTS), 'beside'));
        for (const [index, cost] of acts.entries()) costs.get(name)?.[index]?.push(cost);
        lab.say(`round ${round + 1}, ${name}: ${acts.map(({ seconds }) => seconds.toFixed(3)).join(' ')} s`);
      }
    }
    const cost = (name: string, act: number) => middle(costs.get(name)?.[act] ?? []);
    return {
      tables: [
        {
          header: [`${lab.scaled(OBJECTS)} objects`, ...ACTS.map((act) => `${act} s`), 'CPU s'],
          rows: [...contenders.keys()].map((name) => [
            name,
            ...ACTS.map((_, act) => cost(name, act).seconds.toFixed(3)),
            ACTS.map((_, act) => cost(name, act).cpuSeconds.toFixed(2)).join(' '),
          ]),
        },
      ],
      notes: [
        'The engine is `github.com/fluxcd/pkg/ssa`, called as kustomize-controller calls it: files read, then `ApplyAllStaged`, 4 at a time; by default 50 requests a second, 300 at once, of which none has been used up.',
        'The controllers fetch an artifact, run kustomize, wait for health and write their status besides. CPU of fluxd is with the fetch and the record in Git.',
      ],
      bounds: [ENGINE, UNLIMITED].flatMap((name) =>
        ACTS.map((act, index) =>
          atLeast(`${act}: faster than ${name}`, cost(name, index).seconds / cost(FLUXD, index).seconds, 1, {
            unit: 'times faster',
            digits: 1,
          }),
        ),
      ),
    };
  },
};

/** A ConfigMap with one value more. */
function changed(files: Files): readonly [path: string, content: string] {
  const [path, text] = Object.entries(files).find(([, each]) => each.includes('kind: ConfigMap')) ?? [];
  if (path === undefined || text === undefined) throw new Error('there is no ConfigMap to change');
  return [path, `${text}  more: "1"\n`];
}

const fluxd: Contender = async (kubeconfig, files) => {
  const repository = await createRepository();
  await repository.commit('Nothing yet', { 'README.md': 'nothing yet\n' });
  const size = Object.keys(files).length;
  let daemon: Fluxd | undefined;
  try {
    daemon = await startFluxd({ kubeconfig, repository });
    const costs: Cost[] = [];
    const [path, content] = changed(files);
    for (const [commit, expected] of [
      [files, { created: size }],
      [{ 'README.md': 'no manifest\n' }, { unchanged: size }],
      [{ [path]: content }, { configured: 1, unchanged: size - 1 }],
    ] as const) {
      await repository.commit('A change', commit);
      const cost = await daemon.sync(expected);
      costs.push({ ...cost, seconds: cost.daemonMs / 1000 });
    }
    return costs;
  } finally {
    await daemon?.end();
    repository.remove();
  }
};

function fluxV2(limits: 'limited' | 'unlimited'): Contender {
  return async (kubeconfig, files) => {
    const size = Object.keys(files).length;
    let engine: FluxV2 | undefined;
    try {
      engine = await startFluxV2(kubeconfig, files, limits);
      const first = await engine.apply({ created: size });
      const nothing = await engine.apply({ unchanged: size });
      engine.write(...changed(files));
      return [first, nothing, await engine.apply({ configured: 1, unchanged: size - 1 })];
    } finally {
      await engine?.end();
    }
  };
}
