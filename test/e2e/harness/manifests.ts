/** Manifests as people write them, comments included. */

export function namespace(name: string): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;
}

export function configMap(
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>> = { greeting: 'hello' },
): string {
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
  namespace: ${namespace}
data:
${Object.entries(data)
  .map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`)
  .join('')}`;
}

export interface DeploymentOptions {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Deployment of the test image, which serves HTTP on 8080. */
export function deployment({ namespace, name, image, replicas = 1, annotations = {} }: DeploymentOptions): string {
  const lines = Object.entries(annotations).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}\n`);
  return `# ${name} greets whoever asks
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: ${namespace}
${lines.length > 0 ? `  annotations:\n${lines.join('')}` : ''}spec:
  replicas: ${replicas}
  selector:
    matchLabels: { app: ${name} }
  template:
    metadata:
      labels: { app: ${name} }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: web
          image: ${image} # kept current by Flux
          ports:
            - containerPort: 8080
          readinessProbe:
            httpGet: { path: /healthz, port: 8080 }
            periodSeconds: 1
`;
}

/** A namespaced kind of its own group, whose schema knows `spec.size` and the given fields of `spec`. */
export function customResourceDefinition(group: string, kind: string, fields: object = {}): string {
  const spec = { type: 'object', properties: { size: { type: 'integer' }, ...fields } };
  return definition(group, kind, 'v1', { type: 'object', properties: { spec } });
}

/** The same with any fields. */
export function anyResourceDefinition(group: string, kind: string, version = 'v1'): string {
  return definition(group, kind, version, { type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
}

function definition(group: string, kind: string, version: string, schema: object): string {
  const plural = `${kind.toLowerCase()}s`;
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${plural}.${group}
spec:
  group: ${group}
  scope: Namespaced
  names: { kind: ${kind}, plural: ${plural}, singular: ${kind.toLowerCase()}, listKind: ${kind}List }
  versions:
    - name: ${version}
      served: true
      storage: true
      schema: { openAPIV3Schema: ${JSON.stringify(schema)} }
`;
}
