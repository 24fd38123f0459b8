/**
 * Webhooks: Git hosts and registries notify fluxd of a push, so that it need not wait for the next poll. Each *endpoint* has a key, and
 * a URL that ends in the key's digest; its *source* defines how the sender proves possession of the key, and the format of the body.
 * A webhook is only a hint: it triggers a fetch or a scan, and its content never changes anything.
 */
export { type Endpoints, loadEndpoints } from './endpoints.ts';
export type { WebhookMetrics } from './receive.ts';
export { createWebhookServer, type WebhookServerOptions } from './server.ts';
