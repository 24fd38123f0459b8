import type { WhyWire } from '../../src/api/wire/index.ts';
import { StateMark } from '../shell/state-mark.tsx';
import { capitalised } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';

type Link = WhyWire['links'][number];

const TITLES: Readonly<Record<string, string>> = {
  place: 'In Git',
  policies: 'Policies',
  decision: 'Image',
  registry: 'Registry',
  commit: 'Commit',
  sync: 'Sync',
  rollout: 'Rollout',
};

/** From the line in Git to the pods. */
export function Chain({ links }: { readonly links: readonly Link[] }) {
  return (
    <section aria-labelledby="chain-title">
      <h2 id="chain-title" class="unseen">
        From Git to the pods
      </h2>
      <ol class="chain">
        {links.map((link) => (
          <li key={`${link.kind} ${link.container ?? ''} ${link.code}`} class="link">
            <StateMark state={link.state} />
            <div>
              <h3>
                {TITLES[link.kind] ?? link.kind}
                {link.container !== undefined && <span class="badge">{link.container}</span>}
                {link.since !== undefined && (
                  <span class="hint">
                    <Time at={link.since} />
                  </span>
                )}
              </h3>
              <p class="link-text">{capitalised(link.text)}</p>
              {link.facts.length > 0 && (
                <dl class="facts">
                  {link.facts.map(({ name, value }) => (
                    <div key={`${name} ${value}`}>
                      <dt>{name}</dt>
                      <dd>{value}</dd>
                    </div>
                  ))}
                </dl>
              )}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
