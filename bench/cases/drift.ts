import { setTimeout as sleep } from 'node:timers/promises';
import { createKubeClient, type KubeJson, readKubeconfig } from '../../test/e2e/harness/kube-client.ts';
import { atMost, type Case } from '../case.ts';
import type { LargeSet } from '../large-set.ts';
import { median } from '../measure.ts';
import { countRequests, describeCounts } from '../requests.ts';
import { watchCollection } from '../watch.ts';

const TRIALS = 5;

export const drift: Case = {
  name: 'drift',
  title: 'Drift on one object of 5,000',
  async run(lab) {
    const set = await lab.large();
    await set.daemon();
    const taken: number[] = [];
    // Another object each time: one that is taken again and again is corrected more and more rarely.
    for (let n = 0; n < TRIALS; n++) taken.push(await correction(set, n + 1));
    const requests = countRequests(
      await set.counted(async () => {
        await correction(set, TRIALS + 1);
      }),
    );
    const runs = taken.map((ms) => ms.toFixed(0)).join(' ');
    return {
      tables: [
        {
          header: [`${set.size} objects`, 'median ms', 'slowest ms', 'runs, ms', 'requests'],
          rows: [['fluxd', median(taken).toFixed(0), Math.max(...taken).toFixed(0), runs, describeCounts(requests)]],
        },
      ],
      notes: ["From the API server's answer to the foreign write until a watch shows the value of Git again."],
      bounds: [atMost('corrected ≤ 2 s (the slowest)', Math.max(...taken) / 1000, 2, { unit: 's', digits: 2 })],
    };
  },
};

const FOREIGN = 'taken by another\n';

/** Changes a value as a person with kubectl does; milliseconds until it is as in Git again. */
async function correction(set: LargeSet, number: number): Promise<number> {
  const { namespace, name } = set.configMap(number);
  const endpoint = readKubeconfig(set.server.kubeconfig);
  const client = createKubeClient(endpoint);
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  let write: Promise<number> | undefined;
  let wasTaken = false;
  let correctedAt: number | undefined;
  const look = ({ data }: KubeJson) => {
    write ??= client.patch(`${collection}/${name}`, { data: { 'config.yaml': FOREIGN } }).then(() => performance.now());
    if (data?.['config.yaml'] === FOREIGN) wasTaken = true;
    else if (wasTaken) correctedAt ??= performance.now();
    return () => correctedAt !== undefined;
  };
  try {
    await watchCollection(endpoint, collection, look, { fieldSelector: `metadata.name=${name}` });
    const writtenAt = await write;
    if (writtenAt === undefined || correctedAt === undefined) throw new Error(`${namespace}/${name} is not there`);
    return Math.max(0, correctedAt - writtenAt);
  } finally {
    client.close();
    await sleep(500); // the sync that corrected it ends
  }
}
