import { messageOf } from '../base/index.ts';
import { printableLine } from './printable.ts';
import type { Session } from './session.ts';
import { say } from './style.ts';

/** Announces on standard error when the daemon becomes unreachable during a long command, and when it answers again. */
export interface Outage {
  /** Called after each answer. True when the daemon had been unreachable. */
  over(): boolean;
  /** Rejects with the error if retrying cannot help. */
  tolerate(error: unknown): Promise<void>;
}

export function createOutage(session: Pick<Session, 'stderr' | 'env' | 'colour'>): Outage {
  let away = false;
  return {
    over() {
      if (!away) return false;
      away = false;
      session.stderr.write('The daemon answers again.\n');
      return true;
    },
    async tolerate(error) {
      // Already loaded, with the client that threw the error.
      const { isPassing } = await import('../api/client/index.ts');
      if (!isPassing(error)) throw error;
      if (!away) say(session, 'Warning', `no answer from the daemon, retrying: ${printableLine(messageOf(error))}`);
      away = true;
    },
  };
}
