import { useShowMore } from '../shell/show-more.tsx';
import { sentence } from '../text/sentence.ts';
import type { Plan } from './plan.ts';

/** What a dry run showed. */
export function PlanTable({ plan: { updates, notes } }: { readonly plan: Plan }) {
  const more = useShowMore(updates.length);
  const moreNotes = useShowMore(notes.length);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section class="plan" aria-label="What would change" tabIndex={0}>
      {updates.length === 0 && <p>There is nothing to commit.</p>}
      {updates.length > 0 && (
        <ul class="plan-updates" aria-label="Images to commit">
          {updates.slice(0, more.shown).map(({ id, container, current, target }) => (
            <li key={`${id} ${container}`}>
              <code>{id}</code> <span class="hint">{container}</span>
              <span class="plan-images">
                <del>
                  <span class="unseen">from </span>
                  {current}
                </del>
                <ins>
                  <span class="unseen">to </span>
                  {target}
                </ins>
              </span>
            </li>
          ))}
        </ul>
      )}
      {more.button}
      {notes.length > 0 && (
        <ul class="plan-notes" aria-label="Notes">
          {notes.slice(0, moreNotes.shown).map(({ id, text }) => (
            <li key={id}>
              <code>{id}</code>: {sentence(text)}
            </li>
          ))}
        </ul>
      )}
      {moreNotes.button}
    </section>
  );
}
