import { FluxError, messageOf } from '../../base/index.ts';
import type { Credential } from './credential.ts';
import { askHelper, type HelperOptions } from './credential-helper.ts';
import { parseDockerConfig } from './docker-config.ts';
import type { CredentialProvider } from './provider.ts';
import type { Reading } from './reading.ts';
import { createRenewal } from './renewal.ts';

export interface DockerConfigFileOptions {
  readonly path: string;
  readonly readFile: (path: string) => Promise<string>;
  readonly reading: Reading;
  readonly helpers: HelperOptions;
}

/** Helpers do not say until when an answer is valid. */
const HELPER_LIFE_MS = 300_000;

/**
 * Credentials of a Docker config file, `--docker-config`, which is read again, since it may be mounted from a Secret. For a host, its
 * credential helper comes first, then `auths`, then the credential store.
 */
export function dockerConfigFile({ path, readFile, reading, helpers }: DockerConfigFileOptions): CredentialProvider {
  const read = async () => reading.checked('file', parseDockerConfig(await readFile(path), path, true));
  const answers = createRenewal<{ readonly found: Credential | undefined }>(helpers.clock);

  const config = async () => {
    try {
      return await reading.remember('file', read);
    } catch (error) {
      throw new FluxError(`docker config ${path}: ${messageOf(error)}`, {
        code: 'registry/no-credential',
        help: 'Mount the file of --docker-config, readable by the user of fluxd. It is read again every minute.',
        cause: error,
      });
    }
  };

  return {
    name: '--docker-config',
    serves: () => true,
    async credential(host, cancel) {
      const { byHost, helpers: named } = await config();
      const known = byHost.get(host);
      const helper = named.byHost.get(host) ?? (known ? undefined : named.store);
      if (helper === undefined) return known;
      const ask = async () => ({ value: { found: await askHelper(helper, host, helpers) }, lifeMs: HELPER_LIFE_MS });
      return (await answers.current(`${helper} ${host}`, ask, cancel))?.found;
    },
  };
}
