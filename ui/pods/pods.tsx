import type { LivePodsWire, LivePodWire, ProblemWire } from '../../src/api/wire/index.ts';
import { useLive } from '../api/use-live.ts';
import { LogView } from '../logs/log-view.tsx';
import { type LogChoice, pathOf } from '../shell/route.ts';
import { StateMark } from '../shell/state-mark.tsx';
import { sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';
import { ContainerRow } from './container-row.tsx';
import { statusOfPod } from './status.ts';

interface Props {
  readonly id: string;
  /** The name of its source, if there are several. */
  readonly source: string | undefined;
  /** The log that is open. */
  readonly log: LogChoice | undefined;
}

/** The pods of a workload, with what their containers do and use, and their logs. */
export function Pods({ id, source, log }: Props) {
  const live = useLive<LivePodsWire>(pathOf('/live/pods', { id, source }), ['pods']);
  const known = 'value' in live ? live.value : undefined;
  // Where fluxd reads the cluster for no one, what is below says so.
  if ('problem' in live && live.problem && NOT_SERVED.has(live.problem.code)) return null;
  return (
    <section class="pods" aria-labelledby="pods-title">
      <h2 id="pods-title">Pods</h2>
      {live.kind === 'loading' && <p class="hint">Loading…</p>}
      {'problem' in live && live.problem && <NotRead problem={live.problem} />}
      {live.kind === 'stale' && (
        <p class="hint">
          What is below was read <Time at={new Date(live.at).toISOString()} />.
        </p>
      )}
      {known && (
        <div class={live.kind === 'stale' ? 'stale' : undefined}>
          <PodList id={id} source={source} report={known} />
        </div>
      )}
      {log && <LogView id={id} source={source} log={log} pods={known?.pods ?? []} />}
    </section>
  );
}

/** As for the object in the cluster, which says it. */
const NOT_SERVED: ReadonlySet<string> = new Set(['live/not-served', 'api/not-found']);

function NotRead({ problem: { detail, help = '' } }: { readonly problem: ProblemWire }) {
  return (
    <p class="hint">
      {sentence(detail)} {help}
    </p>
  );
}

interface ListProps {
  readonly id: string;
  readonly source: string | undefined;
  readonly report: LivePodsWire;
}

function PodList({ id, source, report: { pods, isCut, usage, noUsage = '' } }: ListProps) {
  return (
    <>
      {pods.length === 0 && <p class="hint">The workload has no pods.</p>}
      {usage === 'not-served' && pods.length > 0 && (
        <p class="hint">The cluster has no metrics-server, so what the containers use is not known.</p>
      )}
      {usage === 'unread' && <p class="hint">What the containers use could not be read: {sentence(noUsage)}</p>}
      {pods.length > 0 && (
        <ul class="pod-list">
          {pods.map((pod) => (
            <Pod key={pod.name} id={id} source={source} pod={pod} isMeasured={usage === 'read'} />
          ))}
        </ul>
      )}
      {isCut && <p class="hint">There are more pods than are shown.</p>}
    </>
  );
}

interface PodProps {
  readonly id: string;
  readonly source: string | undefined;
  readonly pod: LivePodWire;
  readonly isMeasured: boolean;
}

function Pod({ id, source, pod, isMeasured }: PodProps) {
  const { name, node, createdAt, containers } = pod;
  const { mark, text } = statusOfPod(pod);
  return (
    <li class="pod">
      <p class="pod-head">
        <StateMark state={mark} name={text} />
        <code>{name}</code>
        <span class="badge" aria-hidden="true">
          {text}
        </span>
        <span class="hint">
          {node !== undefined && `on ${node}, `}
          {createdAt !== undefined && (
            <>
              made <Time at={createdAt} />
            </>
          )}
        </span>
      </p>
      <ul>
        {containers.map((container) => (
          <ContainerRow key={container.name} id={id} source={source} pod={name} container={container} isMeasured={isMeasured} />
        ))}
      </ul>
    </li>
  );
}
