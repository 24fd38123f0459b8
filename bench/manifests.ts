const OBJECTS_PER_NAMESPACE = 50;

/** A repository of `count` objects of mixed kinds, as many small files; every 50 objects share a namespace. */
export function mixedManifests(count: number, prefix: string): Readonly<Record<string, string>> {
  const namespaces = Math.ceil(count / OBJECTS_PER_NAMESPACE);
  const files: Record<string, string> = {};
  for (let n = 0; n < namespaces; n++) {
    // First in the order of file names too, since kubectl applies in that order.
    files[`00-namespaces/${n}.yaml`] = `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${prefix}-${n}\n`;
  }
  for (let n = 0; n < count - namespaces; n++) {
    const kind = KINDS[n % KINDS.length] ?? configMap;
    files[`${prefix}-${n % namespaces}/object-${n}.yaml`] = kind(`object-${n}`, `${prefix}-${n % namespaces}`);
  }
  return files;
}

/** A repository of applications in one namespace, each a ServiceAccount, a Service, a Deployment without replicas and an Ingress. */
export function applications(count: number, namespace: string): Readonly<Record<string, string>> {
  const files: Record<string, string> = {
    '00-namespace.yaml': `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${namespace}\n`,
  };
  for (let n = 0; n < count; n++) {
    const name = `application-${n}`;
    files[`${name}.yaml`] = [serviceAccount, service, deployment, ingress].map((kind) => kind(name, namespace)).join('---\n');
  }
  return files;
}

/** The files among them that hold a ConfigMap. A line with four spaces before it that is added to one is within its value. */
export function configMapsOf(files: Readonly<Record<string, string>>): readonly (readonly [path: string, text: string])[] {
  return Object.entries(files).filter(([, text]) => text.includes('kind: ConfigMap'));
}

type Kind = (name: string, namespace: string) => string;

const head = (apiVersion: string, kind: string, name: string, namespace: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n  labels:\n    app: ${name}\n`;

const configMap: Kind = (name, namespace) =>
  `${head('v1', 'ConfigMap', name, namespace)}data:\n  config.yaml: |\n${'    key: value of some length\n'.repeat(20)}`;

const secret: Kind = (name, namespace) =>
  `${head('v1', 'Secret', name, namespace)}data:\n  password: ${Buffer.from(name).toString('base64')}\n`;

const service: Kind = (name, namespace) =>
  `${head('v1', 'Service', name, namespace)}spec:\n  selector:\n    app: ${name}\n  ports:\n    - name: http\n      port: 80\n      targetPort: 8080\n`;

const serviceAccount: Kind = (name, namespace) => head('v1', 'ServiceAccount', name, namespace);

const role: Kind = (name, namespace) =>
  `${head('rbac.authorization.k8s.io/v1', 'Role', name, namespace)}rules:\n  - apiGroups: [""]\n    resources: [configmaps]\n    verbs: [get, list]\n`;

/** No replicas: this measures the sync, not the controllers. */
const deployment: Kind = (name, namespace) => `${head('apps/v1', 'Deployment', name, namespace)}spec:
  replicas: 0
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
        - name: main
          image: registry.example.org/${name}:1.0.0
          ports:
            - containerPort: 8080
          env:
            - name: GREETING
              value: hello
          resources:
            requests:
              cpu: 10m
              memory: 16Mi
`;

const ingress: Kind = (name, namespace) => `${head('networking.k8s.io/v1', 'Ingress', name, namespace)}spec:
  rules:
    - host: ${name}.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: ${name}
                port:
                  name: http
`;

const KINDS: readonly Kind[] = [deployment, service, configMap, configMap, secret, serviceAccount, role];
