/**
 * The world of Flux in one process, for the demo and the tests: a Kubernetes API, an OCI registry and a Git server, each reached
 * only over the network, as a user's are. They behave as the real ones in everything Flux can see; where they differ they are wrong.
 */
export { type GitServer, type GitServerOptions, startGitServer } from './git/git-server.ts';
export { type Kubernetes, type KubernetesOptions, startKubernetes } from './kubernetes/kubernetes.ts';
export type { RegistryAuth } from './registry/authentication.ts';
export type { ImageSpec, Platform } from './registry/image.ts';
export { type Registry, type RegistryOptions, type RegistryRequest, startRegistry } from './registry/registry.ts';
