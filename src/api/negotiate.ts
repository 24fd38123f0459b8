/**
 * The offer that an Accept header likes best: highest quality first, then the order of the offers (the server's
 * preference). Ranges such as `text/*` are not understood, as in Flux v1. Undefined when nothing matches.
 */
export function negotiate<T extends string>(accept: string | undefined, offers: readonly T[]): T | undefined {
  const qualities = new Map<string, number>();
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const q = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2);
    const quality = q === undefined ? 1 : Number(q);
    const known = qualities.get(type.toLowerCase()) ?? 0;
    if (quality > known) qualities.set(type.toLowerCase(), quality);
  }
  let best: { readonly offer: T; readonly quality: number } | undefined;
  for (const offer of offers) {
    const quality = qualities.get(offer) ?? 0;
    if (quality > (best?.quality ?? 0)) best = { offer, quality };
  }
  return best?.offer;
}
