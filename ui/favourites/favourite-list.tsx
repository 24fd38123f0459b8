import { ObjectLink } from '../shell/object-link.tsx';
import { favourites } from './favourites.ts';

/** The objects that a person chose; nothing without any. */
export function FavouriteList() {
  if (favourites.value.length === 0) return null;
  return (
    <section class="favourites" aria-labelledby="favourites-title">
      <h2 id="favourites-title">Favourites</h2>
      <ul>
        {favourites.value.map(({ id, source }) => (
          <li key={`${source ?? ''} ${id}`}>
            <span aria-hidden="true">★</span> <ObjectLink id={id} source={source} />
            {source !== undefined && <span class="hint"> {source}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
