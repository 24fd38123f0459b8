import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { GitAuthentication } from '../../../src/git/index.ts';
import { listenerOf } from './http-server.ts';
import { temporaryDirectory } from './repository.ts';

export interface GitHubImitation {
  readonly authentication: Extract<GitAuthentication, { kind: 'github-app' }>;
  /** Whether git may enter with this header now. */
  admits(authorization: string): boolean;
  /** When tokens were issued, by the time of this server. */
  readonly issued: readonly number[];
  /** What was answered, and why. */
  readonly answers: readonly string[];
  /** All tokens, and all JWTs that were shown. */
  readonly secrets: readonly string[];
  /** Makes all present tokens worthless. */
  revoke(): void;
}

export interface GitHubImitationOptions {
  /** Serves https. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The server's time. */
  readonly now?: () => number;
  readonly lifetimeMs?: number;
  /** Answers the nth request in its own way, before or after a token was issued for it; false leaves it. */
  readonly intercept?: (n: number, request: http.IncomingMessage, response: http.ServerResponse) => boolean;
  /** Issues a token for the nth request, and breaks the connection instead of answering. */
  readonly breakAnswer?: (n: number) => boolean;
}

/** One key for the process: making one takes long. */
let pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined;
export function keyPair() {
  pair ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
  return pair;
}

/** GitHub's API for one App with one installation. It checks each JSON Web Token as GitHub documents it, and its tokens expire. */
export async function startGitHub(options: GitHubImitationOptions = {}): Promise<GitHubImitation> {
  const { now = Date.now, lifetimeMs = 3_600_000, intercept, breakAnswer, tls } = options;
  const { publicKey, privateKey } = keyPair();
  const [appId, installationId] = ['4711', '815'];
  const issued: number[] = [];
  const answers: string[] = [];
  const secrets: string[] = [];
  let valid = new Map<string, number>();
  let requests = 0;

  const server = listenerOf(tls, (request, response) => {
    requests += 1;
    if (intercept?.(requests, request, response)) return;
    const [status, body] = decide(request);
    answers.push(status === 201 ? '201' : `${status} ${body.message}`);
    if (breakAnswer?.(requests)) return void request.socket.destroy();
    response
      .writeHead(status, { 'content-type': 'application/json', date: new Date(now()).toUTCString() })
      .end(JSON.stringify(body));
  });

  function decide(request: http.IncomingMessage): [number, Record<string, unknown>] {
    const jwt = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    secrets.push(jwt);
    if (request.method !== 'POST') return [404, { message: 'Not Found' }];
    if (!request.headers['user-agent']) return [403, { message: 'Request forbidden by administrative rules.' }];
    const wrong = faultOf(jwt);
    if (wrong !== undefined) return [401, { message: wrong }];
    if (request.url !== `/app/installations/${installationId}/access_tokens`) return [404, { message: 'Not Found' }];
    const token = `ghs_${issued.length}${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;
    issued.push(now());
    secrets.push(token);
    valid.set(token, now() + lifetimeMs);
    // Whole seconds, as GitHub writes it.
    return [
      201,
      {
        token,
        expires_at: new Date(now() + lifetimeMs).toISOString().replace(/\.\d+Z/, 'Z'),
        permissions: { contents: 'write' },
      },
    ];
  }

  function faultOf(jwt: string): string | undefined {
    const [header = '', claims = '', signature = ''] = jwt.split('.');
    const text = (part: string) => Buffer.from(part, 'base64url').toString();
    if (!verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url')))
      return 'A JSON web token could not be decoded';
    if (JSON.parse(text(header)).alg !== 'RS256') return 'A JSON web token could not be decoded';
    const { iss, iat, exp } = JSON.parse(text(claims));
    const seconds = now() / 1000;
    if (iss !== appId) return 'Integration not found';
    if (!Number.isInteger(iat) || iat > seconds)
      return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    if (!Number.isInteger(exp) || exp <= seconds)
      return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
    if (exp > seconds + 600) return "'Expiration time' claim ('exp') is too far in the future";
    return undefined;
  }

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const privateKeyFile = join(temporaryDirectory(), 'key.pem');
  writeFileSync(privateKeyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }));
  return {
    authentication: {
      kind: 'github-app',
      appId,
      installationId,
      privateKeyFile,
      api: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    },
    admits(authorization) {
      const [user, token = ''] = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString().split(':');
      return user === 'x-access-token' && (valid.get(token) ?? 0) > now();
    },
    issued,
    answers,
    secrets,
    revoke() {
      valid = new Map();
    },
  };
}
