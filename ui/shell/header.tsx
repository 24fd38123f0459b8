import type { PageRightsWire } from '../../src/api/wire/index.ts';
import { signOut } from '../door/session.ts';
import { THEMES, theme } from './theme.ts';

interface Props {
  readonly version: string | undefined;
  readonly rights: PageRightsWire;
}

export function Header({ version, rights }: Props) {
  return (
    <header class="header">
      <a class="header-name" href="#/">
        Flux
      </a>
      {version !== undefined && <span class="header-version">fluxd {version}</span>}
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
    </header>
  );
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
