import type { TroubleWire } from '../../src/api/wire/index.ts';
import { troubleKey } from '../shell/announcer.tsx';
import { ObjectLink } from '../shell/object-link.tsx';
import { StateMark } from '../shell/state-mark.tsx';
import { NextStep } from '../text/next-step.tsx';
import { plural, sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';

interface Props {
  readonly troubles: readonly TroubleWire[];
  readonly omitted: number;
  /** Whether each needs the name of its source. */
  readonly hasSources: boolean;
}

/** What is wrong, the worst first. */
export function TroubleList({ troubles, omitted, hasSources }: Props) {
  return (
    <section class="troubles" aria-labelledby="troubles-title">
      <h2 id="troubles-title">Needs attention</h2>
      <ul>
        {troubles.map((trouble) => (
          <Trouble key={troubleKey(trouble)} trouble={trouble} hasSources={hasSources} />
        ))}
      </ul>
      {omitted > 0 && <p class="hint">And {plural(omitted, 'other')}.</p>}
    </section>
  );
}

function Trouble({ trouble, hasSources }: { readonly trouble: TroubleWire; readonly hasSources: boolean }) {
  const { state, text, since, next, source, objects, count, place } = trouble;
  return (
    <li class="trouble">
      <StateMark state={state} />
      <div>
        {(objects.length > 0 || place !== undefined) && (
          <p class="trouble-objects">
            {objects.map((id) => (
              <ObjectLink key={id} id={id} source={hasSources ? source : undefined} />
            ))}
            {objects.length === 0 && <code>{place}</code>}
            {count > objects.length && objects.length > 0 && (
              <span class="trouble-others">and {plural(count - objects.length, 'other')}</span>
            )}
          </p>
        )}
        <p class="trouble-text">{sentence(text)}</p>
        {next && (
          <p class="trouble-next">
            <NextStep next={next} />
          </p>
        )}
      </div>
      <p class="trouble-since">
        {hasSources && source !== undefined && <span class="badge">{source}</span>}
        {since !== undefined && (
          <span>
            <span class="unseen">since </span>
            <Time at={since} />
          </span>
        )}
      </p>
    </li>
  );
}
