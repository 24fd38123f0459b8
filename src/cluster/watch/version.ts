/**
 * True if the first resourceVersion is later than the second. Versions are decimal numbers that grow within a kind (Kubernetes KEP-5504);
 * other formats cannot be compared, and the new version is assumed to be later.
 */
export function isLater(version: string, than: string): boolean {
  const comparable = isNumber(version) && isNumber(than);
  if (!comparable) return version !== than;
  return version.length === than.length ? version > than : version.length > than.length;
}

/** The later of two versions; the second if they cannot be compared. */
export function laterOf(a: string, b: string): string {
  return isNumber(a) && isNumber(b) && isLater(a, b) ? a : b;
}

function isNumber(version: string): boolean {
  return /^[1-9]\d*$/.test(version);
}
