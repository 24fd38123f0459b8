import type { HeldDeletionsWire } from '../../src/api/wire/index.ts';
import { useLive } from '../api/use-live.ts';
import { ChangeButton } from '../changes/change-button.tsx';
import { LiveView } from '../shell/live-view.tsx';
import { ObjectLink } from '../shell/object-link.tsx';
import { StateMark } from '../shell/state-mark.tsx';
import { plural, sentence } from '../text/sentence.ts';

/** What is held from deletion, and why. */
export function Deletions() {
  const live = useLive<HeldDeletionsWire>('/gc');
  return (
    <>
      <h1>Deletions</h1>
      <LiveView live={live}>{(held) => <Known held={held} />}</LiveView>
    </>
  );
}

type Deletion = HeldDeletionsWire['deletions'][number];

function Known({ held: { hash, deletions, approved, orphans = [] } }: { readonly held: HeldDeletionsWire }) {
  const reasons = Map.groupBy(deletions, ({ reason }) => reason);
  return (
    <>
      {deletions.length === 0 && (
        <p class="all-well" role="status">
          <StateMark state="ok" /> No deletion is held.
        </p>
      )}
      {[...reasons].map(([reason, entries]) => (
        <Reason key={reason} reason={reason} entries={entries} />
      ))}
      {hash !== undefined && (
        <section class="notice">
          <h2>To delete them</h2>
          <p>See that none is needed any more. This approves the whole list, as it is now:</p>
          <pre class="command">fluxctl gc approve {hash}</pre>
          <ChangeButton act={{ type: 'approve', hash, count: deletions.length }} />
        </section>
      )}
      {approved && <p>{plural(approved.deletions.length, 'deletion')} approved; the next sync carries them out.</p>}
      {orphans.length > 0 && (
        <section class="held">
          <h2>Orphans</h2>
          <p class="hint">
            They are not in Git, and have the mark of another Flux, or of this one with another URL, branch or path.
          </p>
          <ul class="changes">
            {orphans.map(({ id }) => (
              <li key={id}>
                <ObjectLink id={id} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Entries that are drawn without a click. */
const SHOWN = 100;

function Reason({ reason, entries }: { readonly reason: string; readonly entries: readonly Deletion[] }) {
  return (
    <section class="held">
      <h2>
        <StateMark state="held" />
        {sentence(reason)}
      </h2>
      <ul class="changes">
        {entries.slice(0, SHOWN).map(({ id }) => (
          <li key={id}>
            <ObjectLink id={id} />
          </li>
        ))}
        {entries.length > SHOWN && <li class="hint">and {plural(entries.length - SHOWN, 'other')}; fluxctl gc lists all.</li>}
      </ul>
    </section>
  );
}
