import { FluxError, redact } from '../../base/index.ts';
import type { BuildOutcome, ProcessFailure } from '../../repository/index.ts';
import type { Tree } from '../units/tree.ts';
import type { HelmUnit } from '../units/unit.ts';
import { saidByHelm } from './said-by-helm.ts';

/** So much of the end of what Helm printed is shown, in characters. */
const MAX_OUTPUT = 1500;

/** The error for a chart that Helm could not render. Unless it is verbatim, nothing of the values is shown: they may be secret. */
export async function helmFailed(
  { failure, stderr }: Extract<BuildOutcome, { readonly kind: 'failed' }>,
  unit: HelmUnit,
  tree: Pick<Tree, 'read'>,
  verbatim: boolean,
): Promise<FluxError> {
  if (failure.kind === 'limit' && failure.limit === 'output') return tooMuch(failure.bound);
  const said = verbatim ? redact(stderr).trimEnd().slice(-MAX_OUTPUT).toWellFormed() : await saidByHelm(stderr, unit, tree);
  const isTimeout = failure.kind === 'limit' && failure.limit === 'time';
  return new FluxError(`helm template failed: ${inWords(failure)}${said === '' ? '' : `\nerror output:\n${said}`}`, {
    code: isTimeout ? 'helm/timed-out' : 'helm/failed',
    fault: 'user',
    help: `${isTimeout ? 'Raise --sync-timeout, half of which it has.' : 'Run `fluxctl render` in a clone of the repository to see all that Helm prints; what may be from values is not shown here.'} It is tried again. What it renders stays as it is in the cluster, and nothing is deleted.`,
  });
}

function inWords(failure: ProcessFailure): string {
  switch (failure.kind) {
    case 'exit':
      return `exit status ${failure.status}`;
    case 'signal':
      return `signal ${failure.signal}`;
    case 'limit':
      return `it exceeded the limit of ${failure.limit}, ${failure.bound}`;
  }
}

function tooMuch(bound: string): FluxError {
  return new FluxError(`Helm printed more than ${bound}`, {
    code: 'helm/too-much-output',
    fault: 'user',
    help: 'Output above that is not read. Divide the chart.',
  });
}
