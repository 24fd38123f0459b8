import type { ApiClient, SandboxWire } from '../../api/client/index.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** What confines the commands of the repository; nothing where none are run. */
export async function checkSandbox(client: ApiClient): Promise<readonly Finding[]> {
  const layers = await client.sandbox();
  return layers === undefined ? [] : [sandboxFinding(layers)];
}

function sandboxFinding(layers: SandboxWire): Finding {
  switch (layers.kind) {
    case 'none':
      return fail(
        'sandbox',
        `no commands are run: ${layers.reason}`,
        'Look at the log of the container "sandbox" in the pod of fluxd.',
      );
    case 'child-process':
      return warn(
        'sandbox',
        `commands of the repository run without a sandbox: ${layers.lacks.join('; ')}`,
        'In a cluster, leave out --generation-sandbox=best-effort, and install the chart with manifestGeneration=true.',
      );
    case 'container': {
      const held = [
        `own user ${layers.user}`,
        ...(layers.landlock > 0 ? [`Landlock ${layers.landlock}`] : []),
        ...(layers.seccomp ? ['seccomp'] : []),
        `${Math.floor(layers.memory / (1 << 20))} MiB of memory`,
      ];
      return ok('sandbox', `commands of the repository run in a container of their own: ${held.join(', ')}`);
    }
  }
}
