import { useEffect, useState } from 'preact/hooks';
import type { OverviewWire, PageRightsWire } from '../src/api/wire/index.ts';
import { hasEnded } from './api/answer.ts';
import { follow, type Live } from './api/live.ts';
import { openSession, session, signOut } from './door/session.ts';
import { SignIn } from './door/sign-in.tsx';
import { Overview } from './overview/overview.tsx';
import { Header } from './shell/header.tsx';
import { Notice } from './shell/notice.tsx';

/** Pause before the page asks again for a session that it could not get. */
const AGAIN_MS = 3_000;

export function Page() {
  const { value } = session;
  switch (value.kind) {
    case 'opening':
      return (
        <main>
          <Notice title="Loading…" />
        </main>
      );
    case 'unreachable':
      return <Unreachable />;
    case 'signed-out':
      return <SignIn by={value.by} problem={value.problem} />;
    case 'signed-in':
      return <SignedIn key={value.token} token={value.token} rights={value.rights} />;
  }
}

let version: string | undefined;

/** Whether another version of fluxd answers than that which served the page. */
function isOutdated(overview: OverviewWire): boolean {
  version ??= overview.version;
  return version !== overview.version;
}

function Unreachable() {
  useEffect(() => {
    const timer = setTimeout(() => void openSession(), AGAIN_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main>
      <Notice title="fluxd does not answer" isUrgent>
        <p>The page tries again every few seconds.</p>
      </Notice>
    </main>
  );
}

function SignedIn({ token, rights }: { readonly token: string; readonly rights: PageRightsWire }) {
  const [live, setLive] = useState<Live<OverviewWire>>({ kind: 'loading' });
  useEffect(() => {
    const stop = new AbortController();
    const overview = follow<OverviewWire>('/overview', token, stop.signal);
    const unsubscribe = overview.subscribe((value) => {
      if (value.kind === 'refused' && hasEnded(value.problem)) return signOut(value.problem);
      if (value.kind === 'current' && isOutdated(value.value)) return location.reload();
      setLive(value);
    });
    return () => {
      unsubscribe();
      stop.abort();
    };
  }, [token]);
  return (
    <>
      <Header version={'value' in live ? live.value.version : undefined} rights={rights} />
      <main>
        <h1 class="unseen">Overview</h1>
        <Overview live={live} />
      </main>
    </>
  );
}
