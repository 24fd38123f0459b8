import { signal } from '@preact/signals';
import type { PageRightsWire, PageSessionWire, ProblemWire } from '../../src/api/wire/index.ts';
import { request } from '../api/request.ts';
import { keptIn } from '../shell/kept.ts';
import { goToProvider, type ProviderAnswer, redeem, takeAnswer } from './oidc.ts';

/** How one signs in: over loopback with a code from `fluxctl ui`, otherwise with a token. */
export type Door = 'code' | 'token';

/** Of the user who looks at the page. */
export type Session =
  | { readonly kind: 'opening' }
  | { readonly kind: 'signed-out'; readonly by: Door; readonly problem?: ProblemWire }
  | { readonly kind: 'signed-in'; readonly token: string; readonly rights: PageRightsWire }
  | { readonly kind: 'unreachable'; readonly problem?: ProblemWire };

/** Ends with the tab, and no other site sees it. */
const kept = keptIn(() => sessionStorage, 'flux-token');

export const session = signal<Session>({ kind: 'opening' });

/** Signs in with the code in the URL, what a provider answered, or the token of this tab. */
export async function openSession(): Promise<void> {
  session.value = { kind: 'opening' };
  const code = takeCode();
  if (code !== undefined) return exchange(code);
  const answer = takeAnswer() ?? unredeemed;
  if (answer?.kind === 'refused') return enter(kept.get(), answer.problem);
  if (answer) return redeemCode(answer);
  return enter(kept.get());
}

export async function signIn(token: string): Promise<void> {
  kept.set(token);
  return enter(token);
}

/** Leaves for the provider; where that fails, the page says why. */
export async function signInAtProvider(): Promise<void> {
  const problem = await goToProvider();
  if (problem) session.value = { kind: 'signed-out', by: 'token', problem };
}

/** Ends the session of this tab, here and at fluxd, which forgets it. A Kubernetes token stays valid. */
export function signOut(): void {
  if (session.value.kind !== 'signed-in') return;
  const { token, rights } = session.value;
  const by = rights.user === undefined ? 'code' : 'token';
  void endSession(token);
  kept.set(undefined);
  session.value = { kind: 'signed-out', by };
}

/** The session is over, and the problem says why. */
export function leave(problem: ProblemWire): void {
  kept.set(undefined);
  session.value = { kind: 'signed-out', by: doorOf(problem), problem };
}

/** Only fluxd knows where the caller comes from, so it is asked without a token as well. One that cannot be judged now is kept. */
async function enter(token: string | undefined, linkProblem?: ProblemWire): Promise<void> {
  const answer = await request<PageRightsWire>({ path: '/ui/session', token });
  if (answer.kind === 'unreachable') {
    session.value = answer;
  } else if (answer.kind === 'ok' && token !== undefined) {
    session.value = { kind: 'signed-in', token, rights: answer.value };
  } else if (answer.kind === 'refused') {
    kept.set(undefined);
    const problem = linkProblem ?? (token === undefined ? undefined : answer.problem);
    session.value = { kind: 'signed-out', by: doorOf(answer.problem), ...(problem ? { problem } : {}) };
  }
}

async function exchange(code: string): Promise<void> {
  const answer = await request<PageSessionWire>({ path: '/ui/sessions', body: { code } });
  if (answer.kind === 'unreachable') {
    session.value = answer;
    return;
  }
  unanswered = undefined;
  // An old link does not end the session that there is.
  if (answer.kind === 'refused') return enter(kept.get(), answer.problem);
  const { token, may } = answer.value;
  kept.set(token);
  session.value = { kind: 'signed-in', token, rights: { may } };
}

async function redeemCode(from: ProviderAnswer & { readonly kind: 'code' }): Promise<void> {
  const answer = await redeem(from);
  unredeemed = undefined;
  // Also who is signed in may be led here by a link.
  if (answer.kind !== 'ok' && answer.problem) return enter(kept.get(), answer.problem);
  if (answer.kind === 'ok') return signIn(answer.value.token);
  unredeemed = from;
  session.value = { kind: 'unreachable' };
}

/** As `unanswered`. */
let unredeemed: ProviderAnswer | undefined;

const ATTEMPTS = 5;
const AGAIN_MS = 2_000;

async function endSession(token: string): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { kind } = await request({ path: '/ui/session', method: 'DELETE', token });
    if (kind !== 'unreachable') return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** The code must stay neither in the address bar nor in the history of the browser. */
function takeCode(): string | undefined {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (code === undefined) return unanswered;
  history.replaceState(null, '', location.pathname + location.search);
  unanswered = code;
  return code;
}

/** A code of which it is not known whether it was used: it is tried again. */
let unanswered: string | undefined;

function doorOf({ code }: ProblemWire): Door {
  return code.startsWith('ui/') ? 'code' : 'token';
}
