import { render } from 'preact';
import { openSession } from './door/session.ts';
import { Page } from './page.tsx';
import { keepTheme } from './shell/theme.ts';

keepTheme();
void openSession();
// A new link of fluxctl ui, opened in a tab that shows the page.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#code=')) void openSession();
});
render(<Page />, document.body);
