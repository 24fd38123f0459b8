import { planAutomation } from '../../src/update/index.ts';
import { processorMs } from '../../test/support/processor.ts';
import { longestTurn } from '../../test/support/turn-cpu.ts';
import { automationOf, decisionsOf, manyContainers } from '../../test/update/many-containers.ts';
import { atMost, type Case } from '../case.ts';

const REPOSITORIES = 500;
const WARM_RUNS = 5;

/** Deciding for every container of a large cluster which image it gets, without a registry. */
export const decisions: Case = {
  name: 'decisions',
  title: 'Decisions about images',
  async run(lab) {
    const questions = manyContainers(lab.scaled(REPOSITORIES));
    const decideAll = decisionsOf(questions);
    const cold = processorMs(decideAll);
    const warm = Array.from({ length: WARM_RUNS }, () => processorMs(decideAll)).sort((a, b) => a - b)[Math.floor(WARM_RUNS / 2)];
    const context = automationOf(manyContainers(lab.scaled(REPOSITORIES)));
    const { cpuMs } = await longestTurn(() => planAutomation(context));
    const what = `${questions.length} containers, ${lab.scaled(REPOSITORIES)} repositories of 500 tags`;
    return {
      tables: [
        {
          header: [what, 'CPU ms'],
          rows: [
            ['decided first', cold.toFixed(0)],
            ['decided again', (warm ?? 0).toFixed(1)],
            ['longest turn of the event loop', cpuMs.toFixed(1)],
          ],
        },
      ],
      bounds: [
        atMost('decisions over new metadata', cold, 1000, { unit: 'ms CPU' }),
        atMost('decisions over the same metadata', warm ?? 0, 50, { unit: 'ms CPU', digits: 1 }),
        atMost('planning automation between two turns of the event loop', cpuMs, 50, { unit: 'ms CPU', digits: 1 }),
      ],
    };
  },
};
