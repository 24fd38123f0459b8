export const SECOND = 1_000;
export const MAPS = 'api/v1/namespaces/shop/configmaps';

export const workload = (name: string, app = 'a', more = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop', ...more },
  spec: {
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'a', image: 'acme/a:1' }] } },
  },
});
