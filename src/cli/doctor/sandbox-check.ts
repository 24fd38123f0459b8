import type { ApiClient, SandboxWire } from '../../api/client/index.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** What confines the commands of the repository, without and with network; nothing where none are run. */
export async function checkSandbox(client: ApiClient): Promise<readonly Finding[]> {
  const { sandbox, networkSandbox } = (await client.sandboxes()) ?? {};
  return [
    ...(sandbox ? [sandboxFinding(sandbox, OFFLINE)] : []),
    ...(networkSandbox ? [sandboxFinding(networkSandbox, WITH_NETWORK)] : []),
  ];
}

interface Words {
  readonly commands: string;
  readonly place: string;
  readonly help: string;
}

const OFFLINE: Words = {
  commands: 'commands',
  place: 'a container of their own',
  help: 'Look at the log of the container "sandbox" in the pod of fluxd.',
};
const WITH_NETWORK: Words = {
  commands: 'commands with network',
  place: 'a pod of their own, confined by a NetworkPolicy',
  help: 'Look at the log and the events of the pod of the sandbox with network.',
};

function sandboxFinding(layers: SandboxWire, { commands, place, help }: Words): Finding {
  switch (layers.kind) {
    case 'none':
      return fail('sandbox', `no ${commands} are run: ${layers.reason}`, help);
    case 'child-process':
      return warn(
        'sandbox',
        `${commands} of the repository run without a sandbox: ${layers.lacks.join('; ')}`,
        'In a cluster, leave out --generation-sandbox=best-effort, and install the chart with manifestGeneration=true.',
      );
    case 'container': {
      const held = [
        `own user ${layers.user}`,
        ...(layers.landlock > 0 ? [`Landlock ${layers.landlock}`] : []),
        ...(layers.seccomp ? ['seccomp'] : []),
        `${Math.floor(layers.memory / (1 << 20))} MiB of memory`,
      ];
      return ok('sandbox', `${commands} of the repository run in ${place}: ${held.join(', ')}`);
    }
  }
}
