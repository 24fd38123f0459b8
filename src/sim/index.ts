/**
 * The world of Flux in one process, for the demo and the tests: a Kubernetes API, an OCI registry and a Git server, each reached
 * only by HTTP, as a user's are. They behave as the real ones in everything Flux can see; where they differ they are wrong.
 */
export { type Kubernetes, type KubernetesOptions, startKubernetes } from './kubernetes/kubernetes.ts';
