/** Levels of nesting, aliases expanded. The deepest objects seen in practice (schemas of CRDs) stay below 60. */
export const MAX_DEPTH = 150;

/** What all aliases of a document may add to it, as JSON. Their number is not limited: thousands of small ones are fine. */
export const MAX_ALIAS_BYTES = 4 << 20;

/**
 * Characters of one document that may begin a key, a value or a list item. They are counted before the document is parsed, because
 * each may cost half a kilobyte of memory then. A `List` of 5,000 Deployments has about 250,000.
 */
export const MAX_INDICATORS = 300_000;

/** Notices kept of one document. */
export const MAX_NOTICES = 100;
