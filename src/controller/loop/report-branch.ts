import type { Clock } from '../../base/index.ts';
import type { Notifier } from '../../notify/index.ts';
import { refusedInWords } from '../../repository/index.ts';
import type { ControllerMetrics } from '../metrics.ts';
import type { Source } from '../ports/source.ts';

export interface BranchReportOptions {
  readonly source: Pick<Source, 'state' | 'accepted' | 'unverified'>;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly metrics: Pick<ControllerMetrics, 'gitReady' | 'gitUnverified'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Reports, after each fetch and push, whether the repository is ready, and once for each commit or tag that its signature was refused. */
export function createBranchReport({ source, notifier, metrics, clock }: BranchReportOptions): () => void {
  let reported: string | undefined;
  return () => {
    metrics.gitReady(source.state().status === 'ready');
    const unverified = source.unverified();
    metrics.gitUnverified(unverified?.commits ?? 0);
    const refused = unverified && refusedInWords(unverified);
    if (unverified && refused !== reported) {
      const at = clock.now();
      const accepted = source.accepted();
      const metadata = { ...unverified, ...(accepted === undefined ? {} : { accepted }) };
      notifier.notify({ events: [{ type: 'commit_refused', objects: [], startedAt: at, endedAt: at, metadata }] });
    }
    reported = refused;
  };
}
