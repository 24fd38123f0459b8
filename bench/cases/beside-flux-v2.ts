import type { ApiServer } from '../api-server.ts';
import { atLeast, type Case } from '../case.ts';
import { startFluxV2 } from '../contenders/flux-v2.ts';
import { LargeSet } from '../large-set.ts';
import { configMapsOf, mixedManifests } from '../manifests.ts';
import { type Cost, middle } from '../measure.ts';

const OBJECTS = 1000;
const ROUNDS = 3;
const ACTS = ['first sync', 'nothing changed', 'one object changed'];

/** What each act cost. */
type Contender = (server: ApiServer, size: number) => Promise<readonly Cost[]>;

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
        const acts = await contender(await lab.fresh(), lab.scaled(OBJECTS));
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

const fluxd: Contender = async (server, size) => {
  const set = await LargeSet.create(server, size, 'beside');
  try {
    const daemon = await set.daemon();
    const costs = [set.first, await set.noOp(daemon), await set.oneChange(daemon)];
    return costs.map((cost) => ({ ...cost, seconds: cost.daemonMs / 1000 }));
  } finally {
    await set.close();
  }
};

function fluxV2(limits: 'limited' | 'unlimited'): Contender {
  return async (server, size) => {
    const files = mixedManifests(size, 'beside');
    const engine = await startFluxV2(server.kubeconfig, files, limits);
    try {
      const first = await engine.apply({ created: size });
      await server.quiet();
      const nothing = await engine.apply({ unchanged: size });
      const [path, text] = configMapsOf(files)[0] ?? ['', ''];
      engine.write(path, `${text}    # changed\n`);
      return [first, nothing, await engine.apply({ configured: 1, unchanged: size - 1 })];
    } finally {
      await engine.end();
    }
  };
}
