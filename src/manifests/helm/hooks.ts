import { FluxError, fewOf } from '../../base/index.ts';
import type { ParsedFile, ParsedObject } from '../finding.ts';
import type { HelmConfig } from './helm-config.ts';

const HOOK = 'helm.sh/hook';
const SHOWN = 5;

/**
 * Leaves out what Helm runs at certain moments of an installation, of which a sync has none, and says so. Tests would run once, and then
 * be put back whenever they are removed, so they are left out always.
 */
export function withoutHooks(
  { objects, errors, warnings }: ParsedFile,
  { skipHooks }: Pick<HelmConfig, 'skipHooks'>,
): ParsedFile {
  const isLeftOut = (each: ParsedObject) => {
    const events = eventsOf(each);
    return events.length > 0 && (skipHooks || events.some((event) => event.startsWith('test')));
  };
  const leftOut = objects.filter(isLeftOut);
  if (leftOut.length === 0) return { objects, errors, warnings };
  return {
    objects: objects.filter((each) => !isLeftOut(each)),
    errors,
    warnings: [...warnings, { error: hooksLeftOut(leftOut) }],
  };
}

function eventsOf({ object }: ParsedObject): readonly string[] {
  const value = object.metadata.annotations?.[HOOK];
  return typeof value === 'string' ? value.split(',').map((event) => event.trim()) : [];
}

function hooksLeftOut(objects: readonly ParsedObject[]): FluxError {
  const names = objects.map(
    (each) => `${each.object.kind.toLowerCase()}/${each.object.metadata.name} (${eventsOf(each).join(', ')})`,
  );
  return new FluxError(`hooks of the chart are left out: ${fewOf(names, SHOWN)}`, {
    code: 'helm/hooks-left-out',
    fault: 'user',
    help: 'Nothing is to be done if the chart works without them. With skipHooks: false in .flux.yaml they are applied like other objects; tests never are.',
  });
}
