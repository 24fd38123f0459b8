/** Where objects live in the Kubernetes API. */
export const path = {
  namespace: (name: string) => `api/v1/namespaces/${name}`,
  configMaps: (namespace: string) => `api/v1/namespaces/${namespace}/configmaps`,
  configMap: (namespace: string, name: string) => `api/v1/namespaces/${namespace}/configmaps/${name}`,
  secret: (namespace: string, name: string) => `api/v1/namespaces/${namespace}/secrets/${name}`,
  deployment: (namespace: string, name: string) => `apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
  pods: (namespace: string) => `api/v1/namespaces/${namespace}/pods`,
  crd: (name: string) => `apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`,
};
