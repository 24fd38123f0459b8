import { below } from '../base/index.ts';
import type { RenderedPlace, WrittenPlace } from './manifest.ts';

/** Some of what a revision wants: the output of units, and the plain files of a folder. */
export interface Part {
  /** Names of units. */
  readonly units: readonly string[];
  /** Relative to the root of the repository, which is empty. */
  readonly folder?: string;
}

/** What has to be applied first. */
export interface Dependency extends Part {
  /** As it is written. The units there and below, and the plain files. */
  readonly folder: string;
  /** Whether its workloads have to be healthy, too. */
  readonly healthy: boolean;
}

/** A part of a revision that is applied after others. */
export interface Dependent extends Part {
  /** As errors and listings name it: `app/.flux.yaml`. */
  readonly name: string;
  readonly after: readonly Dependency[];
}

/** Whether what is there belongs to a part. */
export function isOfPart({ unit, file }: Partial<WrittenPlace & RenderedPlace>, { units, folder }: Part): boolean {
  if (unit !== undefined) return units.includes(unit);
  return folder !== undefined && file !== undefined && below(folder)(file);
}
