import type { OverviewWire, PageRightsWire } from '../../src/api/wire/index.ts';
import { signOut } from '../door/session.ts';
import { hrefOf, type Route } from './route.ts';
import { THEMES, theme } from './theme.ts';
import { VIEWS } from './views.ts';

interface Props {
  readonly rights: PageRightsWire;
  /** Absent until it is known. */
  readonly overview: OverviewWire | undefined;
  readonly view: Route['view'];
}

export function Header({ rights, overview, view }: Props) {
  return (
    <header class="header">
      <a class="header-name" href={hrefOf({ view: 'overview' })}>
        Flux
      </a>
      {overview && <span class="header-version">fluxd {overview.version}</span>}
      {rights.may === 'read-only' && (
        <span class="badge" title="fluxd was started with --ui=read-only. To change things, use fluxctl.">
          read-only
        </span>
      )}
      <span class="header-space" />
      {rights.user !== undefined && <span class="header-user">{rights.user}</span>}
      <ThemeChoice />
      <button type="button" class="quiet" onClick={() => signOut()}>
        Sign out
      </button>
      <Navigation troubles={overview?.troubles.length ?? 0} view={view} />
    </header>
  );
}

function Navigation({ troubles, view }: { readonly troubles: number; readonly view: Route['view'] }) {
  return (
    <nav class="navigation" aria-label="Views">
      {VIEWS.map(({ route, name }) => (
        <a key={name} href={hrefOf(route)} aria-current={isPartOf(view, route.view) ? 'page' : undefined}>
          {name}
          {route.view === 'overview' && troubles > 0 && <span class="navigation-count">{troubles}</span>}
        </a>
      ))}
    </nav>
  );
}

/** One object is one of the objects. */
function isPartOf(view: Route['view'], of: Route['view']): boolean {
  return view === of || (view === 'object' && of === 'objects');
}

function ThemeChoice() {
  return (
    <label class="theme">
      <span class="unseen">Theme</span>
      <select
        value={theme.value}
        onChange={({ currentTarget: { value } }) => {
          theme.value = THEMES.find((each) => each === value) ?? 'system';
        }}
      >
        <option value="system">System theme</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
