/** Where the new API lives. */
export const V1_PREFIX = '/api/v1';
