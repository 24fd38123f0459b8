/** Limit of nesting levels after expanding aliases. The deepest objects in practice (CRD schemas) stay below 60. */
export const MAX_DEPTH = 150;

/** Limit of JSON bytes that all aliases of a document may add. Their number is unlimited: thousands of small ones are fine. */
export const MAX_ALIAS_BYTES = 4 << 20;

/**
 * Limit of characters in one document that may start a key, a value or a list item. They are counted before parsing, because each may
 * cost half a kilobyte of memory. A `List` of 5,000 Deployments has about 250,000.
 */
export const MAX_INDICATORS = 300_000;

/** Limit of notices for one document. */
export const MAX_NOTICES = 100;
