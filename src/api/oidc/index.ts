/**
 * Signing in by OpenID Connect. The *provider* signs users in; fluxd exchanges the code that the browser brings back for an *ID token*,
 * checks it, and makes an *identity* of it, for which the API server decides what it may do.
 */
export { createOidc, type Oidc, type OidcOptions } from './sign-in.ts';
