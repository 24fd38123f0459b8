/** Plain JSON data. Integers beyond 2^53 are `JSON.rawJSON` values, so that `JSON.stringify` writes all their digits. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
