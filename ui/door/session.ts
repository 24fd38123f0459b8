import { signal } from '@preact/signals';
import type { PageRightsWire, PageSessionWire, ProblemWire } from '../../src/api/wire/index.ts';
import { request } from '../api/request.ts';

/** Of the user who looks at the page. */
export type Session =
  | { readonly kind: 'opening' }
  /** No one is signed in. `by` is how to: over loopback with a code from `fluxctl ui`, over TLS with a token. */
  | { readonly kind: 'signed-out'; readonly by: 'code' | 'token'; readonly problem?: ProblemWire }
  | { readonly kind: 'signed-in'; readonly token: string; readonly rights: PageRightsWire }
  | { readonly kind: 'unreachable'; readonly problem?: ProblemWire };

/** Ends with the tab, and no other site sees it. */
const KEPT_AS = 'flux-token';

export const session = signal<Session>({ kind: 'opening' });

/** Signs in with the code in the URL, or the token of this tab. */
export async function openSession(): Promise<void> {
  session.value = { kind: 'opening' };
  const code = takeCode();
  if (code !== undefined) return exchange(code);
  const token = sessionStorage.getItem(KEPT_AS);
  if (token !== null) return signIn(token);
  session.value = { kind: 'signed-out', by: door() };
}

/** A token that cannot be judged now is kept, and tried again. */
export async function signIn(token: string): Promise<void> {
  sessionStorage.setItem(KEPT_AS, token);
  const answer = await request<PageRightsWire>({ path: '/ui/session', token });
  if (answer.kind === 'refused') return signOut(answer.problem);
  if (answer.kind === 'unreachable') {
    session.value = answer;
    return;
  }
  session.value = { kind: 'signed-in', token, rights: answer.value };
}

/** The problem says why, if the user did not ask for it. */
export function signOut(problem?: ProblemWire): void {
  sessionStorage.removeItem(KEPT_AS);
  session.value = { kind: 'signed-out', by: door(), ...(problem ? { problem } : {}) };
}

async function exchange(code: string): Promise<void> {
  const answer = await request<PageSessionWire>({ path: '/ui/sessions', body: { code } });
  if (answer.kind === 'unreachable') {
    session.value = answer;
    return;
  }
  unanswered = undefined;
  if (answer.kind === 'refused') return signOut(answer.problem);
  const { token, may } = answer.value;
  sessionStorage.setItem(KEPT_AS, token);
  session.value = { kind: 'signed-in', token, rights: { may } };
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

function door(): 'code' | 'token' {
  return location.protocol === 'https:' ? 'token' : 'code';
}
