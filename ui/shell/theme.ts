import { effect, signal } from '@preact/signals';
import { keptIn } from './kept.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const kept = keptIn(() => localStorage, 'flux-theme');

export const theme = signal<Theme>(THEMES.find((each) => each === kept.get()) ?? 'system');

/** Keeps the document in the chosen theme. */
export function keepTheme(): void {
  effect(() => {
    if (theme.value === 'system') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', theme.value);
    kept.set(theme.value);
  });
}
