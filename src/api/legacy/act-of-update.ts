import type { UpdateSpec } from '../../update/index.ts';
import type { Act } from '../audit.ts';

/** An update as an act of a person; undefined for a dry run, which changes nothing. */
export function actOfUpdate(update: UpdateSpec): Act | undefined {
  const { User: claims, Message: message } = update.cause;
  const by = { claims, message };
  switch (update.type) {
    case 'image': {
      const { ServiceSpecs, ImageSpec, Kind } = update.spec;
      return Kind === 'execute'
        ? { act: 'release', ...by, on: ServiceSpecs, what: ImageSpec + overridden(update.spec) }
        : undefined;
    }
    case 'containers': {
      const { ContainerSpecs, Kind } = update.spec;
      if (Kind !== 'execute') return undefined;
      const images = Object.values(ContainerSpecs).flatMap((updates) => updates.map(({ Target }) => Target));
      const what = [...new Set(images)].join(', ') + overridden(update.spec);
      return { act: 'release', ...by, on: Object.keys(ContainerSpecs), what };
    }
    case 'rollback': {
      const { Workload, Container, To, Kind } = update.spec;
      if (Kind !== 'execute') return undefined;
      const what = `${Container === '' ? 'all containers' : Container} to ${To === '' ? 'the image before' : To}`;
      return { act: 'rollback', ...by, on: [Workload], what: what + overridden(update.spec) };
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

function overridden({ Force, SkipVerify }: { readonly Force: boolean; readonly SkipVerify?: boolean }): string {
  return (Force ? ' (forced)' : '') + (SkipVerify ? ' (signatures not verified)' : '');
}
