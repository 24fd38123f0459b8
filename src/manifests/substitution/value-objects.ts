/** The objects of the namespace of fluxd that an operator named for values. A repository chooses none of them. */
export type ValueObjects =
  | {
      readonly kind: 'read';
      /** By `configmap/NAME` and `secret/NAME`, in the order in which they were named. */
      readonly byName: ReadonlyMap<string, ValueObject>;
      /** Whether a variable without a value stays as it is written. */
      readonly optional: boolean;
    }
  /** There is no cluster to read them from: variables stay as they are written, and charts have no values of objects. */
  | { readonly kind: 'left-out' };

/** One of them, as it was read last. */
export type ValueObject =
  | {
      readonly kind: 'present';
      /** Differs whenever the texts may differ. No text can be found from it. */
      readonly version: string;
      /** Its texts by key; those of a Secret are decoded. */
      readonly data: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'absent' }
  /** Its texts are not known. */
  | { readonly kind: 'unreadable'; readonly why: string };

export type ValueObjectKind = 'ConfigMap' | 'Secret';

/** As flags and messages name an object: `configmap/settings`. */
export function valueObjectName({ kind, name }: { readonly kind: ValueObjectKind; readonly name: string }): string {
  return `${kind.toLowerCase()}/${name}`;
}
