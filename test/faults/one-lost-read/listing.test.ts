import { losesNothing } from '../lost-request.ts';
import type { World } from '../world.ts';
import { SECOND, workload } from './workload.ts';

const POD_OWNERS = ['deployments', 'daemonsets', 'statefulsets'] as const;

async function workloadsAreListed({ cluster, person, time }: World) {
  for (const plural of POD_OWNERS) {
    const kind = { deployments: 'Deployment', daemonsets: 'DaemonSet', statefulsets: 'StatefulSet' }[plural];
    await person.create(`apis/apps/v1/namespaces/shop/${plural}`, { ...workload('web'), kind });
  }
  await time.pass(SECOND);
  return async () => {
    const first = await time.during(cluster.workloads({}));
    const second = await time.during(cluster.workloads({}));
    const exported = await time.during(cluster.exportObjects());
    return {
      first: first.map(({ id, status }) => `${id} ${status}`),
      same: second === first,
      exported: exported.map(({ kind, metadata }) => `${kind} ${metadata.name}`).filter((each) => /shop|web/.test(each)),
      version: (await time.during(cluster.version())) !== '',
      capabilities: (await time.during(cluster.capabilities())).apiVersions.includes('apps/v1/Deployment'),
      secret: await time.during(cluster.readCore('Secret', 'shop', 'none')),
    };
  };
}

const LISTED = {
  first: ['shop:deployment/web ready', 'shop:daemonset/web ready', 'shop:statefulset/web ready'],
  same: true,
  exported: ['Namespace shop', 'Deployment web', 'DaemonSet web', 'StatefulSet web'],
  version: true,
  capabilities: true,
  secret: undefined,
};

losesNothing('listing workloads', { begin: workloadsAreListed, outcome: LISTED }, 3);
losesNothing(
  'listing workloads of the one namespace that is allowed',
  { options: { namespaces: ['shop'] }, begin: workloadsAreListed, outcome: LISTED },
  4,
);
