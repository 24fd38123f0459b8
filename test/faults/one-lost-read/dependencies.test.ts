import type { Dependent, Manifest } from '../../../src/resource/index.ts';
import { configMap, manifest } from '../../cluster/world.ts';
import { FEW_KINDS, losesNothing } from '../lost-request.ts';
import { configMapPath } from '../manifests.ts';
import { SECOND, workload } from './workload.ts';

const within = (folder: string, each: Manifest): Manifest => ({
  ...each,
  place: { file: `${folder}/all.yaml`, document: 1, line: 1 },
});
const manifests = [within('app', configMap('app')), within('db', manifest(workload('db')))];
const dependents: readonly Dependent[] = [
  { name: 'app', units: [], folder: 'app', after: [{ folder: 'db', healthy: true, units: [] }] },
];

losesNothing(
  'a part of the revision that waits until another is healthy',
  {
    options: FEW_KINDS,
    async begin({ cluster, sync, person, time }) {
      let asked = 0;
      cluster.onDrift(() => {
        asked += 1;
      });
      const isHeld = async () => {
        const changes = await sync([], { desired: { manifests, errors: [], warnings: [], dependents } });
        return changes.some(({ outcome }) => outcome === 'held');
      };
      return async () => {
        // After a lost answer, it may be healthy when the sync ends.
        while (await isHeld()) {
          await time.until('a sync is requested', () => asked > 0, 120 * SECOND);
          asked = 0;
        }
        return (await person.find(configMapPath('app')))?.data;
      };
    },
    outcome: { a: 'b' },
  },
  2,
);
