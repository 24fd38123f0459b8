import { render } from 'preact';
import { openSession } from './door/session.ts';
import { keepFavourites } from './favourites/favourites.ts';
import { Page } from './page.tsx';
import { followAddress } from './shell/route.ts';
import { keepTheme } from './shell/theme.ts';

keepTheme();
keepFavourites();
void openSession();
followAddress();
// A new link of fluxctl ui, opened in a tab that shows the page.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#code=')) void openSession();
});
render(<Page />, document.body);
