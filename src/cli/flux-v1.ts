import type { ApiClient } from '../api/client/index.ts';
import { FluxError } from '../base/index.ts';

/**
 * Refuses a daemon of Flux v1 before it is asked for something that it would overlook or not understand.
 * @throws FluxError `cli/flux-v1`.
 */
export async function refuseFluxV1(
  client: ApiClient,
  { lacks, help }: { readonly lacks: string; readonly help: string },
): Promise<void> {
  // The route is a new one.
  if ((await client.heldDeletions()) !== undefined) return;
  throw new FluxError(`this daemon is a Flux v1, which has no ${lacks}`, { code: 'cli/flux-v1', fault: 'user', help });
}
