import { hasCode } from '../../base/index.ts';

/** Whether the API server says that an object does not exist; for a missing Namespace the code differs. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, 'cluster/not-found', 'cluster/namespace-missing');
}
