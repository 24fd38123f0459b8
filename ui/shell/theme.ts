import { effect, signal } from '@preact/signals';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEPT_AS = 'flux-theme';

export const theme = signal<Theme>(THEMES.find((each) => each === localStorage.getItem(KEPT_AS)) ?? 'system');

/** Keeps the document in the chosen theme. */
export function keepTheme(): void {
  effect(() => {
    if (theme.value === 'system') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', theme.value);
    localStorage.setItem(KEPT_AS, theme.value);
  });
}
