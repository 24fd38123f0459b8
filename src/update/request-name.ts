/** A pull request, as people name it. */
export interface RequestName {
  /** `#12`, or `!12` where it is a merge request. */
  readonly name: string;
  readonly url: string;
}
