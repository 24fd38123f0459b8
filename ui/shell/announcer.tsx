import { useEffect, useRef, useState } from 'preact/hooks';
import type { TroubleWire } from '../../src/api/wire/index.ts';
import { plural, sentence } from '../text/sentence.ts';

/** Says to screen readers what is newly wrong: what is seen on the page is silent. What was there at first is not new. */
export function Announcer({ troubles }: { readonly troubles: readonly TroubleWire[] | undefined }) {
  const known = useRef<ReadonlySet<string> | undefined>(undefined);
  const [words, setWords] = useState('');
  useEffect(() => {
    if (!troubles) return;
    const added = troubles.filter((trouble) => known.current?.has(troubleKey(trouble)) === false);
    known.current = new Set(troubles.map(troubleKey));
    if (added.length > 0) setWords(inWords(added));
  }, [troubles]);
  return (
    <p class="unseen" role="log">
      {words}
    </p>
  );
}

/** What makes two troubles the same, as time goes by. */
export function troubleKey({ code, source, place, text, objects }: TroubleWire): string {
  return JSON.stringify([code, source, place, text, objects[0]]);
}

function inWords(added: readonly TroubleWire[]): string {
  const [first] = added;
  if (!first) return '';
  const others = added.length === 1 ? '' : ` And ${plural(added.length - 1, 'other')}.`;
  return `Needs attention: ${first.objects[0] ?? first.place ?? ''} ${sentence(first.text)}${others}`;
}
