import { FluxError } from '../../base/index.ts';
import type { PageAccess } from '../access/page.ts';
import type { PageSessions } from '../access/page-sessions.ts';
import { forbidden } from '../access/refusal.ts';
import { tokenOf } from '../access/token.ts';
import type { UserSessions } from '../access/user-sessions.ts';
import { parseJson } from '../body.ts';
import { jsonReply } from '../json-reply.ts';
import type { Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { V1_PREFIX } from '../v1/index.ts';
import { type PageCodeWire, type PageRightsWire, type PageSessionWire, pageCodeSchema } from '../wire/index.ts';

/** Anyone may send a code, so little is read of what is sent. */
const MAX_CODE_BYTES = 1_000;

export interface SessionRoutesOptions {
  /** Over loopback. */
  readonly sessions: PageSessions;
  /** Of users who signed in. */
  readonly users: UserSessions;
  readonly may: PageAccess;
}

/**
 * `POST /api/v1/ui/codes` makes a one-time code, for a local program such as `fluxctl ui`, which opens a browser with it in the fragment
 * of the URL. `POST /api/v1/ui/sessions` is how the page exchanges it for the token of a session. `GET /api/v1/ui/session` says what a
 * page with a session, or with a Kubernetes token, may do. `DELETE /api/v1/ui/session` ends the session.
 */
export function sessionRoutes({ sessions, users, may }: SessionRoutesOptions): readonly Route[] {
  return [
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/ui/codes`,
      access: 'authorized',
      body: 'json',
      handle({ session }) {
        if (session.type !== 'local')
          throw forbidden(
            'codes are for programs on the machine of fluxd, and port-forwards',
            'Sign in with a Kubernetes token.',
          );
        return jsonReply(201, { code: sessions.issueCode() } satisfies PageCodeWire);
      },
    },
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/ui/sessions`,
      access: 'page',
      body: 'json',
      maxBodyBytes: MAX_CODE_BYTES,
      handle({ session, headers, body }) {
        if (session.type === 'token' || (session.type === 'anonymous' && session.because === 'no-token'))
          throw forbidden('codes are for loopback addresses', 'Sign in with a Kubernetes token.');
        const token = sessions.exchange(codeOf(body), headers.host ?? '');
        if (token === undefined) throw badCode();
        return jsonReply(201, { token, may } satisfies PageSessionWire);
      },
    },
    {
      methods: ['GET', 'HEAD'],
      path: `${V1_PREFIX}/ui/session`,
      access: 'authorized',
      handle({ session }) {
        const user = session.type === 'token' ? session.user : undefined;
        return jsonReply(200, { may, ...(user === undefined ? {} : { user }) } satisfies PageRightsWire);
      },
    },
    {
      methods: ['DELETE'],
      path: `${V1_PREFIX}/ui/session`,
      // Also a read-only page may sign out, and one whose session is over.
      access: 'page',
      handle({ headers }) {
        const token = tokenOf(headers);
        if (token !== undefined) for (const each of [sessions, users]) each.end(token);
        return { status: 204 };
      },
    },
  ];
}

function codeOf(body: string): string {
  const parsed = pageCodeSchema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data.code;
  throw badRequest('the body has no code', { help: 'Send {"code": "…"}.', cause: parsed.error });
}

function badCode(): FluxError {
  return new FluxError('the code is not valid', {
    code: 'ui/bad-code',
    fault: 'user',
    help: 'Open the page with fluxctl ui. A code is valid once, for a minute, and ends when fluxd restarts.',
  });
}
