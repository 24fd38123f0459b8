/**
 * The end-to-end harness: a world of a cluster, a registry and Git repositories around a real `fluxd` process. The cluster
 * and the registry are the embedded ones, or real ones when TEST_KUBECONFIG is set; a test cannot tell but by `runsPods`.
 */
export type { Account } from './account.ts';
export { type Recorded, writesOf } from './api-proxy.ts';
export { haveDockerRegistry, startDockerRegistry } from './docker-registry.ts';
export type { Fault } from './fault.ts';
export type { Fluxd } from './fluxd.ts';
export type { KubeJson } from './kube-client.ts';
export * as manifest from './manifests.ts';
export { path } from './paths.ts';
export type { Files, Repository } from './repository.ts';
export { EVERYTHING, type Rights, type Rule } from './rights.ts';
export { openShop, type Shop } from './shop.ts';
export { signAndVerify, verified } from './signatures.ts';
export { until } from './until.ts';
export { createWebhooks, type Hook, type Webhooks } from './webhooks.ts';
export { startWorld, type World } from './world.ts';
