/**
 * What `fluxctl ui` serves at its local port: everything from fluxd through the port-forward, and the reads of the cluster itself, with
 * the kubeconfig of the user. It has a door of its own, and fluxctl loads it only for the page.
 */
export { openPageProxy, type PageProxy, type PageProxyOptions } from './page-proxy.ts';
