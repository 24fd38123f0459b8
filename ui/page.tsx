import { useEffect } from 'preact/hooks';
import type { OverviewWire, PageRightsWire, ProblemWire } from '../src/api/wire/index.ts';
import type { Live } from './api/live.ts';
import { followNews } from './api/news.ts';
import { Token, useLive } from './api/use-live.ts';
import { ChangeDialog } from './changes/change-dialog.tsx';
import { considered } from './changes/considered.ts';
import { Rights } from './changes/rights.ts';
import { Deletions } from './deletions/deletions.tsx';
import { openSession, session } from './door/session.ts';
import { SignIn } from './door/sign-in.tsx';
import { Images } from './images/images.tsx';
import { ObjectView } from './object/object-view.tsx';
import { Objects } from './objects/objects.tsx';
import { Overview } from './overview/overview.tsx';
import { Announcer } from './shell/announcer.tsx';
import { Boundary } from './shell/boundary.tsx';
import { Header } from './shell/header.tsx';
import { Notice } from './shell/notice.tsx';
import { type Route, route } from './shell/route.ts';
import { Shortcuts } from './shell/shortcuts.tsx';
import { Unanswered } from './shell/unanswered.tsx';
import { Syncs } from './syncs/syncs.tsx';
import { Topology } from './topology/topology.tsx';

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
      return <Unreachable problem={value.problem} />;
    case 'signed-out':
      return <SignIn by={value.by} problem={value.problem} />;
    case 'signed-in':
      return <SignedIn key={value.token} token={value.token} rights={value.rights} />;
  }
}

function Unreachable({ problem }: { readonly problem: ProblemWire | undefined }) {
  useEffect(() => {
    const timer = setTimeout(() => void openSession(), AGAIN_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main>
      <Unanswered problem={problem}>The page tries again every few seconds.</Unanswered>
    </main>
  );
}

function SignedIn({ token, rights }: { readonly token: string; readonly rights: PageRightsWire }) {
  useEffect(() => {
    const stop = new AbortController();
    followNews(token, stop.signal);
    return () => stop.abort();
  }, [token]);
  return (
    <Token.Provider value={token}>
      <Rights.Provider value={rights}>
        <Shell rights={rights} />
      </Rights.Provider>
    </Token.Provider>
  );
}

function Shell({ rights }: { readonly rights: PageRightsWire }) {
  const overview = useLive<OverviewWire>('/overview', ['sources', 'troubles']);
  const known = 'value' in overview ? overview.value : undefined;
  const isOld = overview.kind === 'current' && isOutdated(overview.value);
  // Not before the outcome of a change was seen.
  const mayReload = considered.value === undefined;
  useEffect(() => {
    if (isOld && mayReload) location.reload();
  }, [isOld, mayReload]);
  return (
    <>
      <Header rights={rights} overview={known} view={route.value.view} />
      <Shortcuts />
      <ChangeDialog />
      <Announcer troubles={known?.troubles} />
      <main class={route.value.view === 'topology' ? 'wide' : undefined}>
        <Boundary key={route.value.view}>
          <View route={route.value} overview={overview} />
        </Boundary>
      </main>
    </>
  );
}

let version: string | undefined;

/** Whether another version of fluxd answers than that which served the page. */
function isOutdated(overview: OverviewWire): boolean {
  version ??= overview.version;
  return version !== overview.version;
}

function View({ route, overview }: { readonly route: Route; readonly overview: Live<OverviewWire> }) {
  switch (route.view) {
    case 'overview':
      return <Overview live={overview} />;
    case 'objects':
      return <Objects filter={route.filter} />;
    case 'object':
      return <ObjectView id={route.id} source={route.source} log={route.log} />;
    case 'topology':
      return <Topology as={route.as} filter={route.filter} />;
    case 'syncs':
      return <Syncs />;
    case 'deletions':
      return <Deletions />;
    case 'images':
      return <Images filter={route.filter} />;
  }
}
