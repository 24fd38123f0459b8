/** Remembers what was told of whom: trouble that lasts is told when it begins, when it changes and when it comes back. */
export interface Told {
  /** True unless this was the last that was told of the subject. */
  isNews(subject: string, message: string): boolean;
  /** All is well with it: the same trouble is news again. */
  over(subject: string): void;
}

export function createTold(): Told {
  const last = new Map<string, string>();
  return {
    isNews(subject, message) {
      if (last.get(subject) === message) return false;
      last.set(subject, message);
      return true;
    },
    over(subject) {
      last.delete(subject);
    },
  };
}
