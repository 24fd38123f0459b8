/** A full Git commit id, 40 (or 64) lower-case hex digits. */
export type Revision = string;

/** Whether a text is a full commit id: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits. */
export function isRevision(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
