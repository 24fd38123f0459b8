import { asFluxError, type Cancellable, type Clock, FluxError, hasCode, type Logger } from '../../base/index.ts';
import { type Leadership, requireLeadership, termOf } from '../leadership/leadership.ts';
import type { Loop } from '../loop/loop.ts';
import type { AutomationMemory } from '../memory/automation-memory.ts';
import type { AutomationState, Daemon } from './daemon.ts';

export interface SuspendingOptions {
  /** The name of the source. */
  readonly name: string;
  readonly memory: AutomationMemory;
  readonly leadership: () => Leadership;
  readonly loop: Pick<Loop, 'ask'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Suspends and resumes the automation of a source. */
export function createSuspending({
  name,
  memory: remembered,
  leadership,
  loop,
  clock,
  log,
}: SuspendingOptions): Pick<Daemon, 'automation' | 'suspendAutomation' | 'resumeAutomation'> {
  /** Another daemon may have changed it while this one may not write. */
  function look(cancel: Cancellable): Promise<void> {
    const { memory } = remembered;
    return termOf(leadership()) === undefined ? memory.reload(cancel) : memory.load(cancel);
  }

  function state(unread?: FluxError): readonly AutomationState[] {
    const { suspension, memory } = remembered;
    const keeping = unread ? ({ in: 'unread', why: unread } as const) : memory.keeping;
    return [{ source: name, ...(suspension.value ? { suspension: suspension.value } : {}), memory: keeping }];
  }

  return {
    async automation(cancel = {}) {
      try {
        await look(cancel);
      } catch (error) {
        cancel.signal?.throwIfAborted();
        return state(asFluxError(error, { code: 'memory/unread' }));
      }
      return state();
    },
    async suspendAutomation(who, cancel = {}) {
      requireLeadership(leadership());
      await remembered.suspension.keep({ ...who, since: clock.now() }, cancel).catch((error: unknown) => {
        throw withOtherWay(error);
      });
      loop.ask('automate');
      return state();
    },
    async resumeAutomation(who, cancel = {}) {
      requireLeadership(leadership());
      await look(cancel);
      if (remembered.suspension.value) {
        await remembered.suspension.keep(undefined, cancel);
        log.info(who, 'automation resumed');
      }
      loop.ask('automate');
      return state();
    },
  };
}

/** A suspension that a restart forgets is no suspension; in Git it lasts. */
function withOtherWay(error: unknown): unknown {
  if (!hasCode(error, 'memory/not-kept')) return error;
  const { message, code, fault, help = '', cause } = error;
  return new FluxError(`automation is not suspended: ${message}`, {
    code,
    fault,
    help: `${help} Or suspend workloads in Git: fluxctl suspend --workload=…\n`,
    cause,
  });
}
