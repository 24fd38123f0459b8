import { below } from '../../base/index.ts';
import { isRendered, type ManifestPlace, type Part } from '../../resource/index.ts';
import { type ApplyStep, type IdleStep, isWanted, type Step } from '../plan/step.ts';

/** A step for an object in Git. */
export type WantedStep = ApplyStep | IdleStep;

/** Finds the steps for the objects of a part. */
export function createMembers(steps: readonly Step[]): (part: Part) => readonly WantedStep[] {
  const byUnit = new Map<string, WantedStep[]>();
  const written: { readonly file: string; readonly step: WantedStep }[] = [];
  for (const step of steps) {
    if (!isWanted(step)) continue;
    for (const place of placesOf(step)) {
      if (!isRendered(place)) written.push({ file: place.file, step });
      else {
        const known = byUnit.get(place.unit);
        if (known) known.push(step);
        else byUnit.set(place.unit, [step]);
      }
    }
  }
  /** Asked for again and again while a sync goes on. */
  const found = new Map<Part, readonly WantedStep[]>();
  return (part) => {
    const known = found.get(part);
    if (known) return known;
    const { units, folder } = part;
    const isIn = folder === undefined ? () => false : below(folder);
    const members = [
      ...units.flatMap((unit) => byUnit.get(unit) ?? []),
      ...written.flatMap(({ file, step }) => (isIn(file) ? step : [])),
    ];
    found.set(part, members);
    return members;
  };
}

function placesOf(step: WantedStep): readonly ManifestPlace[] {
  return (step.act === 'none' && step.places) || [step.entry.place];
}
