import { FluxError } from '../../base/index.ts';

/** The error for a unit that Helm is not run for. */
export function refusedChart(why: string): FluxError {
  return new FluxError(`not rendered: ${why}`, {
    code: 'helm/refused',
    fault: 'user',
    help: 'What the unit renders stays as it is in the cluster, and nothing is deleted. docs/helm.md says what is not rendered.',
  });
}
