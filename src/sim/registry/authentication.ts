import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Authentication of clients: none, Basic on every request, or a token fetched with Basic. */
export type RegistryAuth =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'basic' | 'token'; readonly username: string; readonly password: string };

export interface Gate {
  /** True if the request may proceed; otherwise a 401 with a challenge was sent. */
  admit(request: IncomingMessage, response: ServerResponse, scope: string): boolean;
  /** Serves the token endpoint. */
  issue(request: IncomingMessage, response: ServerResponse): void;
}

const LIFETIME_S = 300;

/** https://distribution.github.io/distribution/spec/auth/token/ */
export function createGate(auth: RegistryAuth, host: () => string): Gate {
  const tokens = new Map<string, { readonly scopes: readonly string[]; readonly until: number }>();
  const refuse = (response: ServerResponse, challenge: string) => {
    const errors = [{ code: 'UNAUTHORIZED', message: 'authentication required', detail: null }];
    response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': challenge });
    response.end(JSON.stringify({ errors }));
  };
  const isUser = (header: string | undefined) => {
    if (auth.scheme === 'none') return true;
    const wanted = Buffer.from(`Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`);
    const given = Buffer.from(header ?? '');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  };
  return {
    admit: (request, response, scope) => {
      const { authorization } = request.headers;
      if (auth.scheme === 'none') return true;
      if (auth.scheme === 'basic') {
        if (isUser(authorization)) return true;
        refuse(response, 'Basic realm="embedded registry"');
        return false;
      }
      const token = tokens.get(authorization?.replace(/^Bearer /, '') ?? '');
      const live = token !== undefined && token.until > Date.now();
      if (live && (scope === '' || token.scopes.some((granted) => covers(granted, scope)))) return true;
      const wanted = scope === '' ? '' : `,scope="${scope}"`;
      refuse(response, `Bearer realm="http://${host()}/token",service="${host()}"${wanted}`);
      return false;
    },
    issue: (request, response) => {
      if (!isUser(request.headers.authorization)) {
        refuse(response, 'Basic realm="embedded registry"');
        return;
      }
      const url = new URL(request.url ?? '/', 'http://registry');
      const token = randomBytes(24).toString('base64url');
      const scopes = url.searchParams.getAll('scope').flatMap((scope) => scope.split(' '));
      tokens.set(token, { scopes, until: Date.now() + LIFETIME_S * 1000 });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ token, access_token: token, expires_in: LIFETIME_S }));
    },
  };
}

/** Whether `repository:name:pull,push` covers `repository:name:pull`. */
function covers(granted: string, wanted: string): boolean {
  const split = (scope: string) => {
    const at = scope.lastIndexOf(':');
    return [scope.slice(0, at), scope.slice(at + 1).split(',')] as const;
  };
  const [[name, actions], [wantedName, wantedActions]] = [split(granted), split(wanted)];
  return name === wantedName && wantedActions.every((action) => actions.includes(action));
}
