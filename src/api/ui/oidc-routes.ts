import * as z from 'zod';
import type { Clock } from '../../base/index.ts';
import { FluxError, messageOf } from '../../base/index.ts';
import type { PageAccess } from '../access/page.ts';
import { forbidden } from '../access/refusal.ts';
import type { Session } from '../access/session.ts';
import type { UserSessions } from '../access/user-sessions.ts';
import { parseJson } from '../body.ts';
import { jsonReply } from '../json-reply.ts';
import type { Oidc } from '../oidc/index.ts';
import type { ApiRequest, Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { V1_PREFIX } from '../v1/index.ts';
import {
  type OidcRequestUrlWire,
  oidcAnswerSchema,
  oidcRequestSchema,
  type PageSessionWire,
  type SignInWaysWire,
} from '../wire/index.ts';
import { UI_PREFIX } from './asset-routes.ts';
import { createSignInLimits } from './sign-in-limits.ts';

/** Anyone may send it; codes of some providers have two thousand characters. */
const MAX_BODY_BYTES = 16_000;

export interface OidcRoutesOptions {
  /** Absent: no one signs in by OpenID Connect. */
  readonly oidc?: Oidc | undefined;
  readonly sessions: UserSessions;
  readonly may: PageAccess;
  readonly clock: Clock;
}

/**
 * `GET /api/v1/ui/sign-in` says how one may sign in. `POST /api/v1/ui/oidc/requests` answers with the URL of the provider to which the
 * page goes, and `POST /api/v1/ui/oidc/sessions` takes what it comes back with, and answers with the token of a session.
 */
export function oidcRoutes({ oidc, sessions, may, clock }: OidcRoutesOptions): readonly Route[] {
  const limits = createSignInLimits(clock);
  return [
    {
      methods: ['GET', 'HEAD'],
      path: `${V1_PREFIX}/ui/sign-in`,
      access: 'page',
      handle: ({ session }) =>
        jsonReply(200, (oidc && isByTls(session) ? { oidc: { issuer: oidc.issuer } } : {}) satisfies SignInWaysWire),
    },
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/ui/oidc/requests`,
      access: 'page',
      body: 'json',
      maxBodyBytes: MAX_BODY_BYTES,
      async handle(request) {
        const provider = providerFor(request, oidc);
        const { page, ...asked } = parsed(oidcRequestSchema, request.body);
        using _ = limits.take(request.from);
        const url = await provider.authorizationUrl({ ...asked, redirectUri: redirectUriOf(request, page) });
        return jsonReply(200, { url } satisfies OidcRequestUrlWire);
      },
    },
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/ui/oidc/sessions`,
      access: 'page',
      body: 'json',
      maxBodyBytes: MAX_BODY_BYTES,
      async handle(request) {
        const provider = providerFor(request, oidc);
        const { page, ...answered } = parsed(oidcAnswerSchema, request.body);
        const answer = { ...answered, redirectUri: redirectUriOf(request, page) };
        using _ = limits.take(request.from);
        try {
          const identity = await provider.identify(answer, request.signal);
          request.audit({ act: 'sign in', what: identity.user, outcome: 'accepted' });
          return jsonReply(201, { token: sessions.begin(identity), may } satisfies PageSessionWire);
        } catch (error) {
          request.audit({ act: 'sign in', outcome: 'refused', reason: messageOf(error) });
          throw error;
        }
      },
    },
  ];
}

/** Over loopback callers have no name, and no browser of another machine arrives there. */
function isByTls(session: Session): boolean {
  return session.type === 'token' || (session.type === 'anonymous' && session.because === 'no-token');
}

function providerFor({ session }: ApiRequest, oidc: Oidc | undefined): Oidc {
  if (oidc === undefined)
    throw new FluxError('this fluxd has no provider of OpenID Connect', {
      code: 'api/not-found',
      fault: 'missing',
      help: 'Sign in with a Kubernetes token, or start fluxd with --ui-oidc-issuer.',
    });
  if (!isByTls(session))
    throw forbidden('signing in is for connections by TLS from the network', 'Open the page with fluxctl ui.');
  return oidc;
}

/**
 * The page of the host that was asked. A provider sends codes only to URLs that its operator has registered, and a browser names as host
 * where it connects to. Below which path a proxy serves the page, only the page knows.
 */
function redirectUriOf({ headers: { host = '' } }: ApiRequest, page = `${UI_PREFIX}/`): string {
  if (!/^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i.test(host)) throw badRequest('the Host header is not a host');
  return `https://${host}${page}`;
}

function parsed<T>(schema: z.ZodType<T>, body: string): T {
  const result = schema.safeParse(parseJson(body));
  if (result.success) return result.data;
  throw badRequest(z.prettifyError(result.error), { cause: result.error });
}
