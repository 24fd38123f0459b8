import { type Clock, FluxError, type Logger } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { type CommandRunner, createNetworkRunner } from '../sandbox/index.ts';

/** The folder of the certificate and key that fluxd and the sandbox with network have. */
const IDENTITY = '/etc/fluxd/generation-network';

interface Options {
  readonly clock: Clock;
  readonly log: Logger;
}

/** What runs commands that may use the network; undefined if those of no folder may, or those of all do, as child processes. */
export function networkRunnerOf(
  { sandbox, networkFolders, networkAddress }: NonNullable<Config['generation']>,
  { clock, log }: Options,
): CommandRunner | undefined {
  if (sandbox === 'best-effort' || networkFolders.length === 0) return undefined;
  if (networkAddress === undefined) return ABSENT;
  return createNetworkRunner({ ...networkAddress, identity: IDENTITY, clock, logger: log.child({ sandbox: 'network' }) });
}

/** Commands that need the network are not run without it. */
const ABSENT: CommandRunner = {
  run: async () => {
    throw new FluxError('its commands may use the network (--generation-network), and there is no sandbox with network', {
      code: 'sandbox/unavailable',
      fault: 'user',
      help: 'Install the chart with generation.network.paths, which adds that sandbox, in a pod of its own.',
    });
  },
  layers: () => ({ kind: 'none', reason: 'there is no sandbox with network: --generation-network-address is not set' }),
  close: async () => undefined,
};
