/** A container of a workload, or its equivalent. */
export interface Container {
  readonly name: string;
  /** As written in the object; may be empty or malformed. */
  readonly image: string;
}
