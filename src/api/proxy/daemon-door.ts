import type { IncomingHttpHeaders } from 'node:http';
import { type Clock, createHttpTransport, FluxError, type HttpResponse } from '../../base/index.ts';
import type { ShownManifest } from '../../change/index.ts';
import type { ApiRequest } from '../route.ts';
import { V1_PREFIX } from '../v1/index.ts';
import { manifestSchema, pageRightsSchema, problemSchema } from '../wire/index.ts';

/** Patience with fluxd behind a port-forward, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** What fluxd says of a request of the page, by the token and Host that the request bears. */
export interface DaemonDoor {
  /** @throws FluxError `ui/no-session` … unless a page with a session of this fluxd sent the request. */
  requireSession(headers: IncomingHttpHeaders, signal: AbortSignal): Promise<void>;
  /** The manifests of the repository, for the page that sent a request; undefined for an object that it does not have. */
  manifestFor(request: Pick<ApiRequest, 'headers' | 'query' | 'signal'>): (id: string) => Promise<ShownManifest | undefined>;
  close(): void;
}

export function createDaemonDoor(upstream: URL, clock: Clock): DaemonDoor {
  const transport = createHttpTransport({ userAgent: 'fluxctl', maxSockets: 4, clock });

  async function ask(
    path: string,
    { host = '', authorization }: IncomingHttpHeaders,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const response = await transport.request({
      url: upstream,
      path: V1_PREFIX + path,
      headers: {
        host,
        accept: 'application/json',
        // Without it fluxd takes the request for one of fluxctl, which needs no session.
        'sec-fetch-site': 'same-origin',
        ...(authorization === undefined ? {} : { authorization }),
      },
      timeoutMs: TIMEOUT_MS,
      signal,
    });
    if (response.status >= 400) throw refusalOf(response);
    return response;
  }

  return {
    async requireSession(headers, signal) {
      // A proxy on the way may say 200 to everything.
      if (!pageRightsSchema.safeParse(parsed((await ask('/ui/session', headers, signal)).body)).success) throw badAnswer();
    },
    manifestFor:
      ({ headers, query, signal }) =>
      async (id) => {
        const source = query.get('source');
        const search = new URLSearchParams({ id, ...(source === null ? {} : { source }) });
        try {
          const manifest = manifestSchema.safeParse(parsed((await ask(`/manifest?${search}`, headers, signal)).body));
          if (!manifest.success) throw badAnswer();
          const { object, hidden } = manifest.data;
          return { object, ...(hidden === undefined ? {} : { hidden }) };
        } catch (error) {
          if (error instanceof FluxError && error.code === 'live/not-in-git') return undefined;
          throw error;
        }
      },
    close: () => transport.close(),
  };
}

/** The answer of fluxd in its own words, which are for the page. */
function refusalOf({ status, body }: HttpResponse): FluxError {
  const problem = problemSchema.safeParse(parsed(body));
  if (!problem.success) return badAnswer();
  const { detail, code, help } = problem.data;
  const fault = status === 404 ? 'missing' : status < 500 ? 'user' : 'server';
  return new FluxError(detail, { code: code ?? 'ui/bad-answer', fault, ...(help === undefined ? {} : { help }) });
}

function badAnswer(): FluxError {
  return new FluxError('what answers through the port-forward is not a fluxd with this page', {
    code: 'ui/bad-answer',
    help: 'A proxy may answer in its place, or a fluxd of another version. Run fluxctl ui again.',
  });
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // The schema rejects it.
    return undefined;
  }
}
