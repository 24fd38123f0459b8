import { useState } from 'preact/hooks';

/** Rows that are drawn at once. */
const STEP = 200;

/** How many of many rows are drawn, and the button that draws more of them. */
export function useShowMore(total: number) {
  const [shown, setShown] = useState(STEP);
  const button = total > shown && (
    <button type="button" onClick={() => setShown(shown + STEP)}>
      Show {Math.min(STEP, total - shown)} more
    </button>
  );
  return { shown, button };
}
