import type { ListedWorkload } from '../../api/client/index.ts';
import type { Session } from '../session.ts';
import type { NameKind } from './candidates.ts';

/** The current names of a kind, from the daemon's workloads or the kubeconfig. */
export async function liveNames(session: Session, kind: NameKind): Promise<readonly string[]> {
  if (kind === 'contexts') {
    const { contextNames } = await import('../../cluster/port-forward/index.ts');
    return contextNames(session.kubeconfig);
  }
  const workloads = await (await session.client()).listWorkloads({ namespace: '' });
  return [...new Set(NAMES[kind](workloads))].sort();
}

const NAMES: Readonly<Record<Exclude<NameKind, 'contexts'>, (workloads: readonly ListedWorkload[]) => readonly string[]>> = {
  workloads: (workloads) => workloads.map(({ ID }) => ID),
  namespaces: (workloads) => workloads.map(({ ID }) => ID.split(':')[0] ?? ''),
  containers: (workloads) => workloads.flatMap(({ Containers }) => (Containers ?? []).map(({ Name = '' }) => Name)),
};
