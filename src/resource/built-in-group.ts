/** Groups with a dot of Kubernetes itself; kinds of other groups below k8s.io come from definitions (`gateway.networking.k8s.io`). */
const DOTTED: ReadonlySet<string> = new Set(
  [
    'admissionregistration',
    'apiextensions',
    'apiregistration',
    'authentication',
    'authorization',
    'certificates',
    'coordination',
    'discovery',
    'events',
    'flowcontrol.apiserver',
    'internal.apiserver',
    'networking',
    'node',
    'rbac.authorization',
    'resource',
    'scheduling',
    'storage',
    'storagemigration',
  ].map((name) => `${name}.k8s.io`),
);

/** Whether the kinds of an API group are of Kubernetes itself. The group of a CustomResourceDefinition has a dot. */
export function isBuiltInGroup(group: string): boolean {
  return !group.includes('.') || DOTTED.has(group);
}
