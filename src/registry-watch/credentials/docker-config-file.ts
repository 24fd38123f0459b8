import { FluxError, messageOf } from '../../base/index.ts';
import { parseDockerConfig } from './docker-config.ts';
import type { CredentialProvider } from './provider.ts';
import type { Reading } from './reading.ts';

/** Credentials of a Docker config file, `--docker-config`. It is read again, since it may be mounted from a Secret. */
export function dockerConfigFile(
  path: string,
  readFile: (path: string) => Promise<string>,
  reading: Reading,
): CredentialProvider {
  const read = async () => reading.checked('file', parseDockerConfig(await readFile(path), path));
  return {
    name: '--docker-config',
    serves: () => true,
    async credential(host) {
      try {
        return (await reading.remember('file', read)).byHost.get(host);
      } catch (error) {
        throw new FluxError(`docker config ${path}: ${messageOf(error)}`, {
          code: 'registry/no-credential',
          help: 'Mount the file of --docker-config, readable by the user of fluxd. It is read again every minute.',
          cause: error,
        });
      }
    },
  };
}
