/**
 * The daemon's HTTP API. A *route* is a method and a path with a *door*: who may call it. Over loopback, where a port-forward
 * arrives, everything is served; from the network only probes, metrics and the public deploy key. `legacy/` speaks Flux v1's
 * API, `v1/` the new one, `webhooks/` what Git hosts and registries send, `wire/` names what crosses the line, and `client/` is what fluxctl calls with.
 */
export type { RenderMetrics } from './health.ts';
export type { HttpListener } from './listener.ts';
export type { Door } from './route.ts';
export { type ApiServerOptions, createApiServer, createMetricsServer } from './server.ts';
export { createWebhookServer, type Endpoints, loadEndpoints, type WebhookMetrics } from './webhooks/index.ts';
