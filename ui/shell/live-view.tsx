import type { ComponentChildren } from 'preact';
import type { Live } from '../api/live.ts';
import { sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';
import { Notice } from './notice.tsx';
import { Unanswered } from './unanswered.tsx';

interface Props<T> {
  readonly live: Live<T>;
  readonly children: (value: T) => ComponentChildren;
}

/** Something that the daemon serves, or why it is not there. */
export function LiveView<T>({ live, children }: Props<T>) {
  switch (live.kind) {
    case 'loading':
      return <Notice title="Loading…" />;
    case 'unreachable':
      return (
        <Unanswered problem={live.problem}>
          The page tries again every few seconds.
          {!live.problem && ' A port-forward may have ended: run fluxctl ui again.'}
        </Unanswered>
      );
    case 'refused':
      return (
        <Notice title={live.problem.status === 404 ? 'There is nothing here' : 'You may not see this'} isUrgent>
          <p>{sentence(live.problem.detail)}</p>
          {live.problem.help !== undefined && <p>{live.problem.help}</p>}
        </Notice>
      );
    case 'stale':
      return (
        <>
          <Unanswered problem={live.problem}>The page tries again every few seconds.</Unanswered>
          {/* Apart from the alert, which would be announced again with each change of its words. */}
          <p class="stale-since">
            What is below was read <Time at={new Date(live.at).toISOString()} />.
          </p>
          <div class="stale">{children(live.value)}</div>
        </>
      );
    case 'current':
      return <>{children(live.value)}</>;
  }
}
