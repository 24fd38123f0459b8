import type { ResourceId } from '../resource/index.ts';
import { ALL_WORKLOADS, normalId } from './select.ts';
import type { UpdateSpec } from './spec.ts';

/**
 * The share of an update that concerns the workloads of one source; undefined if there is none. Updates of all workloads concern every
 * source.
 */
export function shareOf(update: UpdateSpec, isOwn: (id: ResourceId) => boolean): UpdateSpec | undefined {
  switch (update.type) {
    case 'image': {
      const { ServiceSpecs } = update.spec;
      if (ServiceSpecs.length === 0 || ServiceSpecs.includes(ALL_WORKLOADS)) return update;
      const own = ServiceSpecs.filter((id) => isOwn(normalId(id)));
      return own.length === 0 ? undefined : { ...update, spec: { ...update.spec, ServiceSpecs: own } };
    }
    case 'containers': {
      const ContainerSpecs = only(update.spec.ContainerSpecs, isOwn);
      return ContainerSpecs && { ...update, spec: { ...update.spec, ContainerSpecs } };
    }
    case 'rollback':
      return isOwn(normalId(update.spec.Workload)) ? update : undefined;
    case 'policy': {
      const spec = only(update.spec, isOwn);
      return spec && { ...update, spec };
    }
    default:
      return update;
  }
}

function only<T>(
  byId: Readonly<Record<ResourceId, T>>,
  isOwn: (id: ResourceId) => boolean,
): Readonly<Record<ResourceId, T>> | undefined {
  const own = Object.entries(byId).filter(([id]) => isOwn(normalId(id)));
  return own.length === 0 ? undefined : Object.fromEntries(own);
}
