/** A full Git commit id, 40 (or 64) lower-case hex digits. */
export type Revision = string;
