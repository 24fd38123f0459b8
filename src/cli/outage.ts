import { messageOf } from '../base/index.ts';
import { printableLine } from './printable.ts';
import type { Session } from './session.ts';
import { say } from './style.ts';

/** A daemon that is away for a while, or the way to it, during something that takes its time: a person is told when that begins and ends. */
export interface Outage {
  /** The daemon has answered. True when it had been away. */
  over(): boolean;
  /** Rejects with the error itself, when waiting does not mend it. */
  bear(error: unknown): Promise<void>;
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
    async bear(error) {
      // It is loaded by now, with the client that the error is from.
      const { isPassing } = await import('../api/client/index.ts');
      if (!isPassing(error)) throw error;
      if (!away) say(session, 'Warning', `no answer from the daemon, asking again: ${printableLine(messageOf(error))}`);
      away = true;
    },
  };
}
