import { FluxError } from '../base/index.ts';
import type { ResourceId } from './id.ts';
import { formatPlace, type ManifestPlace } from './manifest.ts';

/** The error for an object that is defined several times, with all places. */
export function duplicateError(id: ResourceId, places: readonly ManifestPlace[]): FluxError {
  return new FluxError(`${id} is defined ${places.length} times: ${places.map(formatPlace).join(', ')}`, {
    code: 'cluster/duplicate',
    fault: 'user',
    help: 'None of them is applied, and the object in the cluster stays unchanged. Keep one. A manifest without metadata.namespace belongs to the default namespace.',
  });
}
