import { messageOf, redact } from '../base/index.ts';

/** What a person asks the daemon to do. */
export interface Act {
  readonly act:
    | 'release'
    | 'rollback'
    | 'policy'
    | 'sync'
    | 'gc approve'
    | 'gc delete'
    | 'suspend'
    | 'resume'
    | 'identity'
    | 'sign in';
  /** Whom the client names as the user, which anyone may claim to be. */
  readonly claims?: string;
  /** Why, in the user's words. */
  readonly message?: string;
  /** The objects or workloads. */
  readonly on?: readonly string[];
  /** The images, policies or list. */
  readonly what?: string;
}

/** An act, and what came of the request. */
export type AuditedAct = Act &
  (
    | { readonly outcome: 'accepted' /** Of the job or sync. */; readonly id?: string }
    | { readonly outcome: 'refused'; readonly reason: string }
  );

/** Receives the acts of one request. */
export type Audit = (act: AuditedAct) => void;

/** Carries out what a person asks for, and audits it, also when it is refused. */
export async function audited<T>(audit: Audit, act: Act, work: () => T | Promise<T>): Promise<T> {
  try {
    const result = await work();
    const id = idOf(result);
    audit({ ...act, outcome: 'accepted', ...(id === undefined ? {} : { id }) });
    return result;
  } catch (error) {
    audit({ ...act, outcome: 'refused', reason: messageOf(error) });
    throw error;
  }
}

/** A job's id, or a sync with one. */
function idOf(result: unknown): string | undefined {
  if (typeof result === 'string') return result;
  if (typeof result !== 'object' || result === null || !('id' in result)) return undefined;
  return typeof result.id === 'string' ? result.id : undefined;
}

/** Limits of one line of the audit log. */
const MAX_OBJECTS = 20;
const MAX_TEXT = 300;

/** The fields of a line of the audit log, bounded and without secrets. */
export function auditFields({ on = [], ...act }: AuditedAct): Readonly<Record<string, string>> {
  const texts = Object.entries(act).filter(([, value]) => value !== undefined && value !== '');
  const more = on.length > MAX_OBJECTS ? `, and ${on.length - MAX_OBJECTS} more` : '';
  return {
    ...Object.fromEntries(texts.map(([name, value]) => [name, shorten(redact(value), MAX_TEXT)])),
    ...(on.length === 0 ? {} : { on: shorten(redact(on.slice(0, MAX_OBJECTS).join(', ')), 10 * MAX_TEXT) + more }),
  };
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
