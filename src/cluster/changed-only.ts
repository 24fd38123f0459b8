/** Remembers the last message about each subject: trouble that lasts is logged when it begins, when it changes and when it comes back. */
export interface ChangedOnly {
  /** True unless the last message about the subject was the same. */
  hasChanged(subject: string, message: string): boolean;
  /** The subject is well again: the same message counts as a change. */
  recovered(subject: string): void;
}

export function createChangedOnly(): ChangedOnly {
  const last = new Map<string, string>();
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
