/** A key as `gpg --with-colons` lists it. */
export interface ListedKey {
  readonly fingerprint: string;
  /** One letter: `u` is ultimate, `f` full; `e` expired, `r` revoked. */
  readonly validity: string;
}

/** The primary keys of a listing, public or secret. */
export function listedKeys(listing: string): readonly ListedKey[] {
  const keys: ListedKey[] = [];
  let validity: string | undefined;
  for (const line of listing.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === 'pub' || fields[0] === 'sec') validity = fields[1] ?? '';
    // The fingerprint of a subkey comes after one of its primary key.
    else if (fields[0] === 'fpr' && validity !== undefined) {
      keys.push({ fingerprint: fields[9] ?? '', validity });
      validity = undefined;
    }
  }
  return keys;
}

/** The fingerprints of all keys of a listing, with those of their subkeys. */
export function fingerprintsIn(listing: string): readonly string[] {
  const lines = listing.split('\n').map((line) => line.split(':'));
  return lines.flatMap(([kind, ...fields]) => (kind === 'fpr' && fields[8] ? [fields[8]] : []));
}
