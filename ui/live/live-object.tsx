import { useState } from 'preact/hooks';
import type { LiveObjectWire, ProblemWire } from '../../src/api/wire/index.ts';
import { useLive } from '../api/use-live.ts';
import { pathOf } from '../shell/route.ts';
import { useShowMore } from '../shell/show-more.tsx';
import { plural, sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';
import { Events } from './events.tsx';
import { Field } from './field.tsx';
import { isDifferent, summaryOf } from './summary.ts';

interface Props {
  readonly id: string;
  /** The name of its source, if there are several. */
  readonly source: string | undefined;
}

/** fluxd reads the cluster for no one over loopback, and an older one for no one at all. */
const NOT_SERVED: ReadonlySet<string> = new Set(['live/not-served', 'api/not-found']);

/** The object of Git beside the one in the cluster, field by field, and its Events. */
export function LiveObject({ id, source }: Props) {
  const live = useLive<LiveObjectWire>(pathOf('/live/object', { id, source }));
  // The view says above that it loads, or that nothing answers.
  if (live.kind === 'loading' || (live.kind === 'unreachable' && !live.problem)) return null;
  return (
    <section class="live" aria-labelledby="live-title">
      <h2 id="live-title">In Git and in the cluster</h2>
      {'problem' in live && live.problem && <NotRead problem={live.problem} />}
      {live.kind === 'current' && <Report report={live.value} />}
      {live.kind === 'stale' && (
        <>
          <p class="hint">
            What is below was read <Time at={new Date(live.at).toISOString()} />.
          </p>
          <div class="stale">
            <Report report={live.value} />
          </div>
        </>
      )}
    </section>
  );
}

/** What is missing is a right or a way to look, not the object. */
function NotRead({ problem: { code, detail, help = '' } }: { readonly problem: ProblemWire }) {
  return NOT_SERVED.has(code) ? (
    <p class="hint">
      This fluxd does not read the cluster for this page. Open it with <code>fluxctl ui</code>, which reads with your own
      kubeconfig, or by TLS with a token.
    </p>
  ) : (
    <p class="hint">
      {sentence(detail)} {help}
    </p>
  );
}

function Report({ report }: { readonly report: LiveObjectWire }) {
  const { fields, isCut, events, noEvents } = report;
  const [isWhole, setWhole] = useState(false);
  const some = isWhole ? fields : fields.filter(isDifferent);
  const { shown, button } = useShowMore(some.length);
  return (
    <>
      <p>{summaryOf(report)}</p>
      <label class="whole">
        <input type="checkbox" checked={isWhole} onChange={({ currentTarget }) => setWhole(currentTarget.checked)} />
        Show all {plural(fields.length, 'field')}
      </label>
      {some.length > 0 && (
        <ul class="fields">
          {some.slice(0, shown).map((field) => (
            <Field key={field.path} field={field} />
          ))}
        </ul>
      )}
      {button}
      {isCut && fields.length > 0 && <p class="hint">The object has more fields than are compared.</p>}
      <Events events={events} reason={noEvents} />
    </>
  );
}
