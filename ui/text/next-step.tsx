import type { TroubleWire } from '../../src/api/wire/index.ts';
import { sentence } from './sentence.ts';
import { Time } from './time.tsx';

/** What happens next, with its time if that is known. */
export function NextStep({ next: { text, at } }: { readonly next: NonNullable<TroubleWire['next']> }) {
  if (at === undefined) return <>{sentence(text)}</>;
  // It is due; a time of the past would read as if it had happened.
  if (Date.parse(at) <= Date.now()) return <>{sentence(text).slice(0, -1)} now.</>;
  return (
    <>
      {sentence(text).slice(0, -1)} <Time at={at} />.
    </>
  );
}
