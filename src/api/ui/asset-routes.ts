import type { IncomingHttpHeaders } from 'node:http';
import { isCurrent } from '../etag.ts';
import type { Reply, Route } from '../route.ts';
import { type Asset, type Assets, INDEX } from './assets.ts';

/** Where the page is. */
export const UI_PREFIX = '/ui';

/**
 * The page runs its own scripts and styles alone, speaks to this origin alone, and is part of no other page (S-072). Text of
 * repositories, clusters and registries is never markup: Trusted Types make the browser refuse it.
 */
const SECURITY_HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    // For the worker that lays out the topology, which has one address.
    'trusted-types flux-layout',
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'X-Frame-Options': 'DENY',
};

/** Files with a hash in their names never change; the first one names them, and is asked for each time. */
const CACHED = { index: 'no-cache', others: 'public, max-age=31536000, immutable' };

/** `GET /ui/` and the files of the page, from memory. */
export function assetRoutes(assets: Assets): readonly Route[] {
  const at = (path: string, handle: Route['handle']): Route => ({ methods: ['GET', 'HEAD'], path, access: 'page', handle });
  return [
    // Relative, so that the page may be behind the path of a proxy.
    at(UI_PREFIX, () => ({ status: 308, headers: { Location: 'ui/' } })),
    at(`${UI_PREFIX}/`, ({ headers }) => fileReply(assets.get(INDEX), headers, CACHED.index)),
    at(`${UI_PREFIX}/{file}`, ({ params, headers }) =>
      fileReply(params.file === INDEX ? undefined : assets.get(params.file ?? ''), headers, CACHED.others),
    ),
  ];
}

function fileReply(asset: Asset | undefined, headers: IncomingHttpHeaders, cached: string): Reply {
  if (!asset) return { status: 404, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: '404 page not found\n' };
  const { contentType, plain, gzipped, etag } = asset;
  const caching = { ETag: etag, 'Cache-Control': cached, Vary: 'Accept-Encoding', ...SECURITY_HEADERS };
  if (isCurrent(headers, etag)) return { status: 304, headers: caching };
  const zipped = acceptsGzip(headers);
  return {
    status: 200,
    headers: { 'Content-Type': contentType, ...(zipped ? { 'Content-Encoding': 'gzip' } : {}), ...caching },
    body: zipped ? gzipped : plain,
  };
}

/** As browsers send it; a client that weighs encodings gets the file as it is (RFC 9110, 12.5.3). */
function acceptsGzip({ 'accept-encoding': encodings = '' }: IncomingHttpHeaders): boolean {
  return String(encodings)
    .split(',')
    .some((each) => each.trim() === 'gzip');
}
