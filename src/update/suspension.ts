/** A pause of all automation, by a person. */
export interface Suspension {
  /** As the person's client names them; may be empty. */
  readonly user: string;
  /** Why; may be empty. */
  readonly message: string;
  /** In milliseconds since the epoch. */
  readonly since: number;
}
