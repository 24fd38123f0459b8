// A daemon that gets its deploy key, in a process of its own; killed.test.ts kills it.
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { createCredentialSource, loadKubeconfig } from '../../../src/cluster/connection/kubeconfig.ts';
import { createTransport } from '../../../src/cluster/connection/transport.ts';
import { createOwnSecret } from '../../../src/cluster/secret/own-secret.ts';
import { createDeployKeys } from '../../../src/git/index.ts';

const [kubeconfigFile = '', directory = '', act] = process.argv.slice(2);
const load = () => loadKubeconfig({ kubeconfigFile });
const credentials = createCredentialSource(await load(), load, systemClock);
const transport = createTransport({ credentials, clock: systemClock, maxInFlight: 8 });
const keys = createDeployKeys({
  mountedFile: '/nonexistent/identity',
  secret: createOwnSecret({ transport, namespace: async () => 'flux', name: 'flux-git-deploy' }),
  dataKey: 'identity',
  keygen: { type: 'ed25519' },
  directories: [directory],
  urls: ['git@example.org:acme/config'],
  environment: process.env,
  clock: systemClock,
  log: silentLogger(),
});
process.stdout.write(act === 'regenerate' ? await keys.regenerate() : await keys.publicKey());
transport.close();
