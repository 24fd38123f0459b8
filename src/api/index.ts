/**
 * The daemon's HTTP API. A *route* is a method and a path, and says who may call it. A request is answered with a *session*: who
 * sent it, and what they may do (`access/`). Over loopback, where a port-forward arrives, that is everything; for a Kubernetes token what
 * the API server allows; for anyone else only probes, metrics and the public deploy key. `legacy/` implements
 * Flux v1's API, `v1/` the new one, `webhooks/` receives pushes from Git hosts and registries, `wire/` defines the JSON bodies, and
 * `client/` is the client that fluxctl uses.
 */
export type { RenderMetrics } from './health.ts';
export type { HttpListener } from './listener.ts';
export { createOidc, type Oidc } from './oidc/index.ts';
export { type ApiServerOptions, createApiServer, createMetricsServer } from './server.ts';
export { type Assets, readAssets } from './ui/index.ts';
export { createWebhookServer, type Endpoints, loadEndpoints, type WebhookMetrics } from './webhooks/index.ts';
