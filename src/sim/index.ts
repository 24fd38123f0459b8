/**
 * Flux's environment in one process, for the demo and the tests: a Kubernetes API, an OCI registry and a Git server, accessible only over
 * the network. They behave like the real ones in everything that Flux can observe; a difference is a bug.
 */
export { type GitServer, type GitServerOptions, startGitServer } from './git/git-server.ts';
export { type ImageRun, type RunOf, runFrom } from './kubernetes/controllers/image-run.ts';
export { type Kubernetes, type KubernetesOptions, startKubernetes } from './kubernetes/kubernetes.ts';
export type { RegistryAuth } from './registry/authentication.ts';
export type { ImageSpec, Platform } from './registry/image.ts';
export { type Registry, type RegistryOptions, type RegistryRequest, startRegistry } from './registry/registry.ts';
