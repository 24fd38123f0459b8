/** Where a release is proposed: a branch, and its pull request if fluxd opens them. */
export interface ProposedOn {
  readonly branch: string;
  /** `#12` */
  readonly name?: string;
  readonly url?: string;
}
