import type { RegistryAnswer } from './exchange.ts';

/**
 * URL of the next page from the `Link` header (RFC 8288); undefined after the last. Its port may be missing behind a proxy; a page on
 * another host is none of ours.
 */
export function nextPage({ headers, url }: RegistryAnswer): URL | 'elsewhere' | undefined {
  const link = headers.link;
  const header = Array.isArray(link) ? link.join(',') : (link ?? '');
  const target = /<([^<>]{1,4096})>[^<>,]{0,200};\s{0,8}rel="?next"?/i.exec(header.slice(0, 8192))?.[1];
  if (target === undefined) return undefined;
  const next = URL.canParse(target, url.href) ? new URL(target, url) : undefined;
  if (next?.hostname !== url.hostname) return 'elsewhere';
  return new URL(`${next.pathname}${next.search}`, url.origin);
}
