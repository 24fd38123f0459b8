import type { HttpRequest, HttpResponse, HttpTransport } from '../../src/base/index.ts';
import type { FakeClock } from './fake-clock.ts';
import { digestOf, OCI_IMAGE } from './fake-registry.ts';

export type Kind = 'tags' | 'head' | 'manifest' | 'blob';

export interface HubOptions {
  readonly clock: FakeClock;
  readonly limit: number;
  readonly windowMs: number;
  /** Whether requests return one by one, or all at the end of a window, which the host then names. */
  readonly window: 'rolling' | 'fixed';
  /** Kinds of requests that count. */
  readonly counts: readonly Kind[];
  /** Kinds of requests whose answers name the limit. */
  readonly reports: readonly Kind[];
}

export interface Hub {
  readonly http: HttpTransport;
  readonly hits: {
    readonly at: number;
    readonly kind: Kind;
    readonly image: string;
    readonly status: number;
    /** Of a tag list, from 1. */
    readonly page: number;
  }[];
  /** A request of another client behind the same address. */
  pull(): void;
  push(image: string, tag: string): void;
  /** Gives the list of an image more pages. */
  paginate(image: string, pages: number): void;
  readonly remaining: () => number;
}

const CONFIG = JSON.stringify({ created: '2024-01-01T00:00:00Z' });
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: OCI_IMAGE,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(CONFIG) },
});

/** A registry that enforces a limit on requests, in memory: days of requests take a second. Every repository has the tags 1.0 and 1.1. */
export function createHub({ clock, limit, windowMs, window, counts, reports }: HubOptions): Hub {
  const start = clock.monotonic();
  const hits: Hub['hits'] = [];
  const pushed = new Map<string, string[]>();
  const paginated = new Map<string, number>();
  let counted: number[] = [];
  const windowStart = (now: number) => (window === 'rolling' ? now - windowMs : now - ((now - start) % windowMs));
  const used = () => {
    const from = windowStart(clock.monotonic());
    counted = counted.filter((at) => at > from || (window === 'fixed' && at === from));
    return counted.length;
  };
  const remaining = () => Math.max(0, limit - used());

  const report = (): Record<string, string> => {
    const now = clock.monotonic();
    const w = windowMs / 1000;
    if (window === 'rolling') return { 'ratelimit-limit': `${limit};w=${w}`, 'ratelimit-remaining': `${remaining()};w=${w}` };
    const reset = Math.ceil((windowStart(now) + windowMs - now) / 1000);
    return { 'ratelimit-limit': `${limit}`, 'ratelimit-remaining': `${remaining()}`, 'ratelimit-reset': `${reset}` };
  };

  const answer = (kind: Kind, image: string, page: number): Pick<HttpResponse, 'status' | 'headers' | 'body'> => {
    if (counts.includes(kind)) {
      if (remaining() < 1) return { status: 429, headers: report(), body: Buffer.from('{}') };
      counted.push(clock.monotonic());
    }
    const reported = reports.includes(kind) ? report() : {};
    if (kind === 'tags') {
      const tags = ['1.0', '1.1', ...(pushed.get(image) ?? [])];
      const link: Record<string, string> =
        page < (paginated.get(image) ?? 1) ? { link: `</v2/${image}/tags/list?page=${page + 1}>; rel="next"` } : {};
      const body = { name: image, tags: page === 1 ? tags : [`p${page}`] };
      return { status: 200, headers: { ...reported, ...link }, body: Buffer.from(JSON.stringify(body)) };
    }
    if (kind === 'blob') return { status: 200, headers: reported, body: Buffer.from(CONFIG) };
    const headers = { ...reported, 'content-type': OCI_IMAGE, 'docker-content-digest': digestOf(MANIFEST) };
    return { status: 200, headers, body: Buffer.from(kind === 'head' ? '' : MANIFEST) };
  };

  return {
    hits,
    remaining,
    pull: () => counted.push(clock.monotonic()),
    paginate: (image, pages) => paginated.set(image, pages),
    push: (image, tag) => pushed.set(image, [...(pushed.get(image) ?? []), tag]),
    http: {
      async request({ url, method = 'GET' }: HttpRequest) {
        const { pathname, searchParams } = new URL(url);
        const [, image = '', part = ''] = /^\/v2\/(.+)\/(tags|manifests|blobs)\//.exec(pathname) ?? [];
        const page = Number(searchParams.get('page') ?? 1);
        const kind = part === 'tags' ? 'tags' : part === 'blobs' ? 'blob' : method === 'HEAD' ? 'head' : 'manifest';
        const response = answer(kind, image, page);
        hits.push({ at: clock.monotonic(), kind, image, status: response.status, page });
        return { ...response, statusText: '' };
      },
      stream: () => Promise.reject(new Error('the hub does not stream')),
      close: () => undefined,
    },
  };
}
