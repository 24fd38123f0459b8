/** An image reference with another tag: `shop/cart:1.3.0@sha256:…` with `1.2.0` is `shop/cart:1.2.0`. */
export function withTag(image: string, tag: string): string {
  const [named = ''] = image.split('@');
  const name = named.slice(0, endOfName(named));
  return `${name}:${tag}`;
}

/** The tag of an image reference; empty if it has none. */
export function tagOf(image: string): string {
  const [named = ''] = image.split('@');
  return named.slice(endOfName(named) + 1);
}

/** A colon before the last slash is that of a port. */
function endOfName(named: string): number {
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  return colon === -1 ? named.length : colon;
}

/** The parts of a name between which a line may break: `shop/`, `cart`, `:1.3.0`. */
export function partsOfImage(name: string): readonly string[] {
  return name.split(/(?<=\/)|(?=[:@])/);
}
