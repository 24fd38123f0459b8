type KeyOfAny<Union> = Union extends unknown ? keyof Union : never;

/** The members of a union, each with the fields of the others as absent: every field can be read, and narrows by what it is read as. */
export type AllFields<Union, Key extends PropertyKey = KeyOfAny<Union>> = Union extends unknown
  ? Union & { readonly [Other in Exclude<Key, keyof Union>]?: undefined }
  : never;
