import { effect, signal } from '@preact/signals';
import { keptIn } from '../shell/kept.ts';

/** An object that a person looks at often. */
export interface Favourite {
  readonly id: string;
  /** The name of its source, if there are several. */
  readonly source?: string;
}

const NAME = 'flux-favourites';
const kept = keptIn(() => localStorage, NAME);
/** More are no favourites any more. */
const MAX = 50;

/** In the order in which they were chosen. */
export const favourites = signal<readonly Favourite[]>(parseFavourites(kept.get()));

/** Keeps them in this browser, and takes over what another tab changes. */
export function keepFavourites(): void {
  addEventListener('storage', ({ key, newValue }) => {
    if (key === NAME) favourites.value = parseFavourites(newValue ?? undefined);
  });
  effect(() => kept.set(JSON.stringify(favourites.value)));
}

export function isFavourite({ id, source }: Favourite): boolean {
  return favourites.value.some((each) => each.id === id && each.source === source);
}

export function toggleFavourite(favourite: Favourite): void {
  const { id, source } = favourite;
  const others = favourites.value.filter((each) => each.id !== id || each.source !== source);
  favourites.value = others.length < favourites.value.length ? others : [...others, favourite].slice(-MAX);
}

/** What is kept may be of another version, or of another hand; what is no favourite is left out. */
export function parseFavourites(text: string | undefined): readonly Favourite[] {
  try {
    const parsed: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(parsed) ? parsed.flatMap(favouriteIn).slice(-MAX) : [];
  } catch {
    return [];
  }
}

function favouriteIn(value: unknown): readonly Favourite[] {
  if (typeof value !== 'object' || value === null || !('id' in value) || typeof value.id !== 'string') return [];
  const { id } = value;
  return 'source' in value && typeof value.source === 'string' ? [{ id, source: value.source }] : [{ id }];
}
