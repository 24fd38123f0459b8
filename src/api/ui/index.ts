/** fluxd's web page: its files, and the sessions of browsers. The page itself is in `ui/`. */

export { assetRoutes, UI_PREFIX } from './asset-routes.ts';
export { type Assets, readAssets } from './assets.ts';
export { oidcRoutes } from './oidc-routes.ts';
export { sessionRoutes } from './session-routes.ts';
