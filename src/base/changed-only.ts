/** Remembers the last message about each subject, so that a lasting problem is logged only when it starts, changes or recurs. */
export interface ChangedOnly {
  /** True if the message differs from the last one about the subject. */
  hasChanged(subject: string, message: string): boolean;
  /** Marks the subject as recovered: the next message counts as a change. */
  recovered(subject: string): void;
}

/** A Map, or a cache. */
interface LastMessages {
  get(subject: string): string | undefined;
  set(subject: string, message: string): unknown;
  delete(subject: string): unknown;
}

/** @param last Holds the last message of each subject: a cache with a bound where there may be many. */
export function createChangedOnly(last: LastMessages = new Map<string, string>()): ChangedOnly {
  return {
    hasChanged(subject, message) {
      if (last.get(subject) === message) return false;
      last.set(subject, message);
      return true;
    },
    recovered(subject) {
      last.delete(subject);
    },
  };
}
