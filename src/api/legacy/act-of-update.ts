import type { UpdateSpec } from '../../update/index.ts';
import type { Act } from '../audit.ts';

/** An update as an act of a person; undefined for a dry run, which changes nothing. */
export function actOfUpdate(update: UpdateSpec): Act | undefined {
  const { User: claims, Message: message } = update.cause;
  const by = { claims, message };
  switch (update.type) {
    case 'image': {
      const { ServiceSpecs, ImageSpec, Kind, Force } = update.spec;
      return Kind === 'execute' ? { act: 'release', ...by, on: ServiceSpecs, what: ImageSpec + forced(Force) } : undefined;
    }
    case 'containers': {
      const { ContainerSpecs, Kind, Force } = update.spec;
      if (Kind !== 'execute') return undefined;
      const images = Object.values(ContainerSpecs).flatMap((updates) => updates.map(({ Target }) => Target));
      return { act: 'release', ...by, on: Object.keys(ContainerSpecs), what: [...new Set(images)].join(', ') + forced(Force) };
    }
    case 'rollback': {
      const { Workload, Container, To, Kind, Force } = update.spec;
      if (Kind !== 'execute') return undefined;
      const what = `${Container === '' ? 'all containers' : Container} to ${To === '' ? 'the image before' : To}`;
      return { act: 'rollback', ...by, on: [Workload], what: what + forced(Force) };
    }
    case 'policy': {
      const changes = Object.values(update.spec).flatMap(({ add, remove }) => [
        ...Object.entries(add ?? {}).map(([policy, value]) => `${policy}=${value}`),
        ...Object.keys(remove ?? {}).map((policy) => `${policy}-`),
      ]);
      return { act: 'policy', ...by, on: Object.keys(update.spec), what: [...new Set(changes)].join(', ') };
    }
    case 'sync':
      return { act: 'sync', ...by };
    case 'auto':
      return undefined;
  }
}

function forced(force: boolean): string {
  return force ? ' (forced)' : '';
}
