/**
 * Webhooks: Git hosts and registries tell of a push, so that nobody waits for the next poll. Each *endpoint* has a key, and a URL
 * that ends with the key's digest; its *source* says how the sender proves that it has the key, and how it tells of changes.
 * What is told is a hint: it leads to a fetch or a scan, never to a change by its own content.
 */
export { type Endpoints, loadEndpoints } from './endpoints.ts';
export type { WebhookMetrics } from './receive.ts';
export { createWebhookServer, type WebhookServerOptions } from './server.ts';
