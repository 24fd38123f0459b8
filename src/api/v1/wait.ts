import { badRequest } from '../status.ts';

const MAX_WAIT_S = 60;

/**
 * How long to wait, from the parameter `wait`: whole seconds up to a minute. In milliseconds.
 * @throws FluxError `api/bad-request`.
 */
export function parseWaitMs(wait: string | null): number {
  if (wait === null) return 0;
  if (!/^\d{1,3}$/.test(wait) || Number(wait) > MAX_WAIT_S)
    throw badRequest(`wait ${JSON.stringify(wait.slice(0, 20))} is not a number of seconds up to ${MAX_WAIT_S}`);
  return Number(wait) * 1000;
}
