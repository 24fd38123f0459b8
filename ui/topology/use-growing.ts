import { useEffect, useState } from 'preact/hooks';

/** What a browser draws in well under 50 ms. */
const STEP = 60;

/** How many of many things are drawn: some more in each turn, so that no turn takes long. */
export function useGrowing(total: number): number {
  const [shown, setShown] = useState(STEP);
  useEffect(() => {
    if (shown >= total) return;
    const timer = setTimeout(() => setShown(shown + STEP));
    return () => clearTimeout(timer);
  }, [shown, total]);
  return shown;
}
