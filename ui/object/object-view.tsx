import type { WhyWire } from '../../src/api/wire/index.ts';
import { useLive } from '../api/use-live.ts';
import { WorkloadButtons } from '../changes/workload-buttons.tsx';
import { Star } from '../favourites/star.tsx';
import { LiveObject } from '../live/live-object.tsx';
import { Pods } from '../pods/pods.tsx';
import { LiveView } from '../shell/live-view.tsx';
import { hrefOf, type LogChoice, NO_FILTER, pathOf } from '../shell/route.ts';
import { StateMark } from '../shell/state-mark.tsx';
import { NextStep } from '../text/next-step.tsx';
import { sentence } from '../text/sentence.ts';
import { Around } from '../topology/around.tsx';
import { Chain } from './chain.tsx';
import { Commits } from './commits.tsx';
import { Tags } from './tags.tsx';

interface Props {
  readonly id: string;
  /** The name of its source, if there are several. */
  readonly source: string | undefined;
  /** The log that is open. */
  readonly log: LogChoice | undefined;
}

/** Why an object is as it is, from Git to its pods. */
export function ObjectView({ id, source, log }: Props) {
  const live = useLive<WhyWire>(pathOf('/why', { id, source }));
  // Only workloads have policies.
  const isWorkload = 'value' in live && live.value.links.some(({ kind }) => kind === 'policies');
  return (
    <>
      <div class="object-head">
        <a href={hrefOf({ view: 'objects', filter: NO_FILTER })}>Objects</a>
        <h1>
          <code>{id}</code>
        </h1>
        <Star id={id} source={source} />
      </div>
      <LiveView live={live}>{(why) => <Known why={why} source={source} />}</LiveView>
      {(isWorkload || log) && <Pods id={id} source={source} log={log} />}
      <LiveObject id={id} source={source} />
      <Commits id={id} source={source} />
      <Around id={id} source={source} />
    </>
  );
}

interface KnownProps {
  readonly why: WhyWire;
  readonly source: string | undefined;
}

function Known({ why, source }: KnownProps) {
  const { id, answer, state, next, links } = why;
  return (
    <>
      <section class="answer" aria-label="Answer">
        <StateMark state={state} />
        <div>
          <p>{sentence(answer)}</p>
          {next && (
            <p class="hint">
              <NextStep next={next} />
            </p>
          )}
        </div>
      </section>
      {id !== undefined && <WorkloadButtons id={id} source={source} links={links} />}
      <Chain links={links} />
      <Tags why={why} source={source} />
    </>
  );
}
