import type { ManifestPlace } from '../../resource/index.ts';
import type { PlaceWire } from '../wire/index.ts';

/** Clients expect a line of each place; what a unit renders has that of the file that says how. */
export function placeToWire(place: ManifestPlace): PlaceWire {
  return { line: 1, ...place };
}
