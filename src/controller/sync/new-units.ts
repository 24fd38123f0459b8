import { FluxError } from '../../base/index.ts';
import { type DesiredState, isRendered, type Problem } from '../../resource/index.ts';
import type { UnitsBefore } from './rendering-doubt.ts';

/**
 * What a revision wants, without folders that kustomize builds for the first time, while another one cannot be built. A folder is built
 * when no kustomization refers to it, and what a broken one refers to is not known: the base of an overlay may look like a folder of its
 * own then, and would be applied in place of the overlay. Each is an error, so that nothing is deleted either (S-027).
 */
export function withoutNewUnits(state: DesiredState, before: UnitsBefore): DesiredState {
  if (before.state !== 'known') return state;
  const broken = state.errors.find((problem) => isOfKustomization(problem));
  if (broken?.unit === undefined) return state;
  const wasRendered = (unit: string) => Object.hasOwn(before.counts, unit) && before.counts[unit] !== 0;
  const held = new Set(
    state.manifests.flatMap(({ place }) =>
      isRendered(place) && place.renderer === 'kustomize' && !wasRendered(place.unit) ? place.unit : [],
    ),
  );
  if (held.size === 0) return state;
  const { unit: other } = broken;
  return {
    ...state,
    manifests: state.manifests.filter(({ place }) => !isRendered(place) || !held.has(place.unit)),
    errors: [...state.errors, ...[...held].map((unit) => ({ file: unit, unit, error: heldBack(other) }))],
  };
}

/** Whether a whole folder cannot be built; its name is the path of its kustomization. A chart refers to no kustomization. */
function isOfKustomization({ unit, file, document, error }: Problem): boolean {
  return unit !== undefined && unit === file && document === undefined && !error.code.startsWith('helm/');
}

function heldBack(other: string): FluxError {
  return new FluxError(`not applied for the first time while ${other} cannot be built, which may refer to it`, {
    code: 'kustomize/new-unit-held',
    fault: 'user',
    help: `Fix ${other}. Then this folder is applied, unless it turns out to be a base of another one.`,
  });
}
