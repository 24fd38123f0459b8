import { type Favourite, isFavourite, toggleFavourite } from './favourites.ts';

/** Makes an object a favourite, or no favourite any more. */
export function Star({ id, source }: { readonly id: string; readonly source: string | undefined }) {
  const favourite: Favourite = { id, ...(source === undefined ? {} : { source }) };
  const isOne = isFavourite(favourite);
  return (
    <button type="button" class="star" aria-pressed={isOne} onClick={() => toggleFavourite(favourite)}>
      <span aria-hidden="true">{isOne ? '★' : '☆'}</span> Favourite
    </button>
  );
}
