import { FluxError, fewOf } from '../../base/index.ts';
import type { ParsedFile, ParsedObject } from '../finding.ts';
import type { HelmConfig } from './helm-config.ts';

const HOOK = 'helm.sh/hook';
const SHOWN = 5;

/**
 * Leaves out what Helm runs at certain moments of an installation, of which a sync has none, and says so. Tests would run once, and then
 * be put back whenever they are removed, so they are left out always.
 */
export function withoutHooks(parsed: ParsedFile, { skipHooks }: Pick<HelmConfig, 'skipHooks'>): ParsedFile {
  const { objects, warnings, isConfidential } = parsed;
  const isLeftOut = (each: ParsedObject) => {
    const events = eventsOf(each);
    return events.length > 0 && (skipHooks || events.some((event) => event.startsWith('test')));
  };
  const leftOut = objects.filter(isLeftOut);
  if (leftOut.length === 0) return parsed;
  const named = leftOut.map((each) => `${nameOf(each)}${isConfidential ? '' : ` (${eventsOf(each).join(', ')})`}`);
  return {
    ...parsed,
    objects: objects.filter((each) => !isLeftOut(each)),
    warnings: [...warnings, { error: hooksLeftOut(named) }],
  };
}

function eventsOf({ object }: ParsedObject): readonly string[] {
  const value = object.metadata.annotations?.[HOOK];
  return typeof value === 'string' ? value.split(',').map((event) => event.trim()) : [];
}

function nameOf({ object: { kind, metadata } }: ParsedObject): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}

function hooksLeftOut(names: readonly string[]): FluxError {
  return new FluxError(`hooks of the chart are left out: ${fewOf(names, SHOWN)}`, {
    code: 'helm/hooks-left-out',
    fault: 'user',
    help: 'Nothing is to be done if the chart works without them. With skipHooks: false in .flux.yaml they are applied like other objects; tests never are.',
  });
}
