import type { OidcRequestUrlWire, PageSessionWire, ProblemWire, SignInWaysWire } from '../../src/api/wire/index.ts';
import type { Answer } from '../api/answer.ts';
import { request } from '../api/request.ts';
import { keptIn } from '../shell/kept.ts';

/** What this tab went to the provider with: state, nonce, verifier and the fragment of the view, between spaces. */
const kept = keptIn(() => sessionStorage, 'flux-sign-in');

/** fluxd asks the provider meanwhile. */
const PATIENCE_MS = 30_000;

/** What the provider answered. */
export type ProviderAnswer =
  | { readonly kind: 'code'; readonly code: string; readonly verifier: string; readonly nonce: string; readonly issuer?: string }
  | { readonly kind: 'refused'; readonly problem: ProblemWire };

/** The provider at which one may sign in, if there is one. */
export async function providerOf(): Promise<string | undefined> {
  const answer = await request<SignInWaysWire>({ path: '/ui/sign-in' });
  return answer.kind === 'ok' ? answer.value.oidc?.issuer : undefined;
}

/** Leaves the page for that of the provider; resolves to why it could not. */
export async function goToProvider(): Promise<ProblemWire | undefined> {
  const [state, nonce, verifier] = [random(), random(), random()];
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
  const answer = await request<OidcRequestUrlWire>({
    path: '/ui/oidc/requests',
    body: { state, nonce, challenge, page: location.pathname },
    patienceMs: PATIENCE_MS,
  });
  if (answer.kind !== 'ok') return answer.problem ?? problem('fluxd does not answer');
  kept.set([state, nonce, verifier, location.hash].join(' '));
  location.assign(answer.value.url);
  return undefined;
}

/** What the provider sent this tab back with, once; it leaves the address bar and the history. */
export function takeAnswer(): ProviderAnswer | undefined {
  const query = new URLSearchParams(location.search);
  const [code, error, issuer] = [query.get('code'), query.get('error'), query.get('iss')];
  if (code === null && error === null) return undefined;
  const [state, nonce, verifier, view = ''] = kept.get()?.split(' ') ?? [];
  kept.set(undefined);
  const isOurs = state !== undefined && query.get('state') === state;
  history.replaceState(null, '', location.pathname + (isOurs ? view : location.hash));
  // A link of another site may lead here with a code of its own.
  if (!isOurs || nonce === undefined || verifier === undefined)
    return { kind: 'refused', problem: problem('the answer of the provider belongs to no sign-in of this tab') };
  if (code === null)
    return {
      kind: 'refused',
      problem: problem(`the provider refused the sign-in: ${/^[\w.-]{1,60}$/.exec(error ?? '')?.[0] ?? 'no reason'}`),
    };
  return { kind: 'code', code, verifier, nonce, ...(issuer === null ? {} : { issuer }) };
}

/** Exchanges the code for the token of a session. */
export function redeem({
  code,
  verifier,
  nonce,
  issuer,
}: ProviderAnswer & { readonly kind: 'code' }): Promise<Answer<PageSessionWire>> {
  const body = { code, verifier, nonce, page: location.pathname, ...(issuer === undefined ? {} : { issuer }) };
  return request<PageSessionWire>({ path: '/ui/oidc/sessions', body, patienceMs: PATIENCE_MS });
}

function problem(detail: string): ProblemWire {
  return { type: 'about:blank', title: 'Not signed in', status: 403, detail, code: 'oidc/refused', help: 'Sign in again.' };
}

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
