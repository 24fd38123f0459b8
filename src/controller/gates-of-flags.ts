import { FluxError } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { createGates, type Gate, type Gates, type Times } from '../schedule/index.ts';

/**
 * The gates of automation: those of the flags, in front of those of each workload.
 * @throws FluxError `config/bad-schedule`.
 */
export function createAutomationGates(config: Pick<Config, 'automationWindow' | 'automationFreeze'>): Gates {
  return checked('automation', { window: config.automationWindow, freeze: config.automationFreeze });
}

/**
 * The gate of syncs, which lets new revisions through.
 * @throws FluxError `config/bad-schedule`.
 */
export function createSyncGate(config: Pick<Config, 'syncWindow' | 'syncFreeze'>): Gate {
  return checked('sync', { window: config.syncWindow, freeze: config.syncFreeze }).of({});
}

function checked(prefix: 'automation' | 'sync', times: Times): Gates {
  const gates = createGates(times);
  const state = gates.of({}).stateAt(0);
  if (state.state !== 'invalid') return gates;
  throw new FluxError(`invalid schedule in --${prefix}-${state.by}: it ${state.problem}`, {
    code: 'config/bad-schedule',
    fault: 'user',
    help: 'Write "minute hour day month weekday / duration / time zone", such as "0 9 * * mon-fri / 8h / Europe/Berlin"; join several with ";".',
  });
}
