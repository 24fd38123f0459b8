/** Path prefix of the new API. */
export const V1_PREFIX = '/api/v1';
