/** Levels of nesting, aliases expanded. The deepest objects seen in practice (schemas of CRDs) stay below 60. */
export const MAX_DEPTH = 150;

/** What all aliases of a document may add to it, as JSON. Their number is not limited: thousands of small ones are fine. */
export const MAX_ALIAS_BYTES = 8 << 20;

/** Length of one document; a `List` of thousands of objects fits. Bounds how long reading one can hold up everything else. */
export const MAX_DOCUMENT_LENGTH = 16 << 20;
