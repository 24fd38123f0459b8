/** A container of a workload, or what stands for one. */
export interface Container {
  readonly name: string;
  /** As written in the object; may be empty or malformed. */
  readonly image: string;
}
