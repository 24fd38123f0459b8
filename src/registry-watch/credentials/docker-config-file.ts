import { messageOf } from '../../base/index.ts';
import { parseDockerConfig } from './docker-config.ts';
import type { CredentialProvider } from './provider.ts';
import type { Reading } from './reading.ts';

/** Credentials of a Docker config file, `--docker-config`. It is read again, since it may be mounted from a Secret. */
export function dockerConfigFile(
  path: string,
  readFile: (path: string) => Promise<string>,
  reading: Reading,
): CredentialProvider {
  return {
    async credential(host) {
      try {
        const read = async () => reading.checked('file', parseDockerConfig(await readFile(path), path));
        return (await reading.remember('file', read)).byHost.get(host);
      } catch (error) {
        reading.report('file', `docker config ${path}: ${messageOf(error)}`);
        return undefined;
      }
    },
  };
}
