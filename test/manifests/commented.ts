/** The Deployment `web` with these lines below its name, and comments that every edit has to leave alone. */
export function deployment(lines = ''): string {
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: # the metadata comment
  name: web
${lines}spec:
  template:
    metadata: # another comment
      labels: {app: web}
    spec:
      containers:
      - image: acme/web  # image first
        name: web        # name second
`;
}
