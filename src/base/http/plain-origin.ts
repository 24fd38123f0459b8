/** The origin of an http or https address that has nothing else; undefined for any other text. */
export function plainOrigin(address: string): string | undefined {
  const url = URL.parse(address);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined;
  // Written as it is read: another reader of the text must not find another host in it.
  return address === url.origin || address === `${url.origin}/` ? url.origin : undefined;
}
