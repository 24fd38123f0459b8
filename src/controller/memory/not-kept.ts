import { FluxError } from '../../base/index.ts';

/** The error for what cannot be remembered over a restart. @param place The name of the ConfigMap. */
export function notKept(why: FluxError, place: string): FluxError {
  return new FluxError(`fluxd has no place to keep this over a restart: ${why.message}`, {
    code: 'memory/not-kept',
    fault: 'user',
    help:
      why.code === 'memory/no-namespace'
        ? 'Run fluxd in the cluster.'
        : `Grant its service account get, create and patch on the ConfigMap ${place} in its own namespace (docs/rights.md).`,
    cause: why,
  });
}
