/** `node embedded-api.ts KUBECONFIG`: the embedded Kubernetes API until it is killed; writes a kubeconfig that leads to it. */
import { writeFileSync } from 'node:fs';
import { startKubernetes } from '../src/sim/index.ts';

const [, , kubeconfig = ''] = process.argv;
const kubernetes = await startKubernetes({ historyLimit: 100_000 });
// The list of requests is not needed here, and must not fill the memory.
setInterval(() => {
  kubernetes.requests.length = 0;
}, 1_000);
writeFileSync(kubeconfig, kubernetes.kubeconfig());
console.log('ready');
