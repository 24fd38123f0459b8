import { useContext } from 'preact/hooks';
import { wordsOf } from './act.ts';
import { asked, type Wish } from './change-dialog.tsx';
import { Rights } from './rights.ts';

/** Leads to a change, which a person then confirms; nothing where the page may not. */
export function ChangeButton(wish: Wish) {
  if (useContext(Rights).may !== 'full') return null;
  return (
    <button
      type="button"
      onClick={() => {
        asked.value = wish;
      }}
    >
      {wordsOf(wish.act).name}
    </button>
  );
}
