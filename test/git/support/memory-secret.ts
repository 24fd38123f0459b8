import { FluxError } from '../../../src/base/index.ts';
import type { KeySecret } from '../../../src/git/deploy-key/key-secret.ts';

/** A Secret that an API server would keep, with its versions. */
export function memorySecret(): KeySecret & { readonly data: ReadonlyMap<string, Buffer> } {
  const data = new Map<string, Buffer>();
  const annotations = new Map<string, string>();
  let version = 1;
  const state = () => ({ version: `${version}`, data: new Map(data), annotations: new Map(annotations) });
  return {
    name: 'flux-git-deploy',
    data,
    namespace: async () => 'flux',
    read: async () => state(),
    async write(change, { expected }) {
      if (expected !== `${version}`) throw new FluxError('another version', { code: 'secret/conflict' });
      const set = <T>(map: Map<string, T>, entries: Readonly<Record<string, T | null>>) => {
        for (const [key, value] of Object.entries(entries)) value === null ? map.delete(key) : map.set(key, value);
      };
      set(data, change.data);
      set(annotations, change.annotations ?? {});
      version += 1;
      return state();
    },
  };
}
