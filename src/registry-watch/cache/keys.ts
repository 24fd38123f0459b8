/** The format of all entries. Another one has other keys, so that two versions of fluxd do not read each other's entries. */
const VERSION = 1;

/** Keys of the entries of an image repository, by its canonical name. */
export const keyOf = {
  /** Its last scan. */
  scan: (name: string) => `flux/${VERSION}/scan/${name}`,
  /** A part of its tags. */
  tags: (name: string, block: number) => `flux/${VERSION}/tags/${block}/${name}`,
  /** What is known of some tags. */
  known: (name: string, bucket: number) => `flux/${VERSION}/known/${bucket}/${name}`,
  /** Images with valid signatures. */
  verified: (name: string) => `flux/${VERSION}/verified/${name}`,
  /** Set while a daemon scans it. */
  claim: (name: string) => `flux/${VERSION}/claim/${name}`,
} as const;
