import type { Decrypter } from './decrypter.ts';

/** Decrypts by the first that finds content encrypted in its way. */
export function oneOf(decrypters: readonly Decrypter[]): Decrypter {
  return {
    mayBeEncrypted: (content) => decrypters.some((each) => each.mayBeEncrypted(content)),
    async decrypt(file, cancel) {
      for (const each of decrypters) {
        const clear = each.mayBeEncrypted(file.content) ? await each.decrypt(file, cancel) : undefined;
        if (clear) return clear;
      }
      return undefined;
    },
  };
}
