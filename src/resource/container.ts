/** A container of a workload, or its equivalent. */
export interface Container {
  readonly name: string;
  /** As written in the object; may be empty or malformed. */
  readonly image: string;
  /** Whether the tag is in a field of its own, where a digest has no place. */
  readonly isTagApart?: boolean;
  /** Whether the API server rejects another image, as in the template of a Job. */
  readonly isFixed?: boolean;
}
