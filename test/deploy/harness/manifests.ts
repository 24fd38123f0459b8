/** A namespace, a Deployment of the web image that newer 1.x replace by themselves, and its Service, as people write them. */
export function shop(namespace: string, image: string): string {
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
---
# Greets whoever asks
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: ${namespace}
  annotations:
    fluxcd.io/automated: "true"
    fluxcd.io/tag.web: semver:~1
spec:
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
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
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: ${namespace}
spec:
  selector: { app: web }
  ports:
    - { port: 80, targetPort: 8080 }
`;
}

export function namespace(name: string): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`;
}

/** Many small objects in one file. */
export function configMaps(namespace: string, count: number, text: string): string {
  return Array.from(
    { length: count },
    (_, index) => `apiVersion: v1
kind: ConfigMap
metadata:
  name: map-${index}
  namespace: ${namespace}
data:
  text: ${JSON.stringify(text)}
`,
  ).join('---\n');
}
