/** Every tenth application is built from a base that they share; each other one has a base of its own. */
const SHARED_EVERY = 10;

const deployment = (name: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
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
        - name: app
          image: example.org/team/${name}:1.0.0
          ports:
            - name: http
              containerPort: 8080
          resources:
            requests:
              cpu: 10m
`;

const service = (name: string) => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  selector:
    app: ${name}
  ports:
    - port: 80
      targetPort: http
`;

const base = (folder: string, name: string) => ({
  [`${folder}/kustomization.yaml`]: 'resources:\n  - deployment.yaml\n  - service.yaml\n',
  [`${folder}/deployment.yaml`]: deployment(name),
  [`${folder}/service.yaml`]: service(name),
});

export interface KustomizeApps {
  readonly files: Readonly<Record<string, string>>;
  /** What is built. */
  readonly overlays: readonly string[];
  /** The overlays of the shared base. */
  readonly shared: readonly string[];
  readonly objectsEach: number;
}

/** Applications of three objects in one namespace: a base, and an overlay with a prefix, labels, an image and a generated ConfigMap. */
export function kustomizeApps(count: number): KustomizeApps {
  const files: Record<string, string> = {
    'apps/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kustomized\n',
    ...base('bases/shared', 'shared'),
  };
  const overlays: string[] = [];
  const shared: string[] = [];
  for (let app = 0; app < count; app++) {
    const name = `app-${app}`;
    const overlay = `apps/${name}`;
    overlays.push(overlay);
    if (app % SHARED_EVERY === 0) shared.push(overlay);
    else Object.assign(files, base(`bases/${name}`, name));
    const from = app % SHARED_EVERY === 0 ? 'shared' : name;
    files[`${overlay}/kustomization.yaml`] = `namespace: kustomized
namePrefix: p${app}-
resources:
  - ../../bases/${from}
labels:
  - pairs:
      team: team-${app % 7}
images:
  - name: example.org/team/${from}
    newTag: 1.1.${app}
configMapGenerator:
  - name: settings
    literals:
      - app=${name}
`;
  }
  return { files, overlays, shared, objectsEach: 3 };
}
