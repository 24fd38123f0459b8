import { join } from 'node:path';
import type { BuildOptions, BuildOutcome } from '../../repository/index.ts';
import { createProgramRunner, type ProgramOptions } from './program-runner.ts';

export interface SopsOptions extends ProgramOptions {
  /** gpg by its absolute path, with the home directory of its keys; undefined without keys. */
  readonly gpg: { readonly program: string; readonly home: string } | undefined;
  /** Of the daemon: credentials for key services are taken from it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface Keys {
  readonly age: string;
  readonly pgp: boolean;
  readonly services: readonly (keyof typeof CREDENTIALS)[];
}

/** The names of variables from which the clients of a key service take their credentials and settings. */
const CREDENTIALS = {
  kms: /^AWS_/,
  gcp_kms: /^(?:GOOGLE_|GCE_METADATA_|CLOUDSDK_)/,
  azure_kv: /^(?:AZURE_|IDENTITY_|MSI_|IMDS_)/,
  hc_vault: /^VAULT_(?:TOKEN|NAMESPACE|CACERT|CAPATH|CLIENT_CERT|CLIENT_KEY|TLS_SERVER_NAME)$/,
} as const;
const NETWORK = /^(?:https?_proxy|no_proxy|SSL_CERT_FILE|SSL_CERT_DIR)$/i;

/**
 * Runs `sops decrypt` from a pipe to a pipe: no file has what is encrypted or clear. Runs that may have to wait for a key service have
 * places of their own, so that no other waits with them.
 */
export function createSops({ gpg, environment, ...options }: SopsOptions) {
  const runnerIn = (folder: string) =>
    createProgramRunner({
      ...options,
      directory: join(options.directory, folder),
      memoryDirectory: join(options.memoryDirectory, folder),
      name: 'sops',
      version: '3',
    });
  const [own, asking] = [runnerIn('own'), runnerIn('asking')];

  const inherited = (names: RegExp) =>
    Object.entries(environment).filter(([name, value]) => value !== undefined && names.test(name));

  function environmentFor({ age, pgp, services }: Keys): Readonly<Record<string, string>> {
    return {
      ...(age === '' ? {} : { SOPS_AGE_KEY: age }),
      ...(pgp && gpg ? { GNUPGHOME: gpg.home, SOPS_GPG_EXEC: gpg.program } : {}),
      // In place of the addresses by which no program reaches the network.
      ...(services.length === 0
        ? {}
        : {
            HTTP_PROXY: '',
            HTTPS_PROXY: '',
            ...Object.fromEntries([NETWORK, ...services.map((kind) => CREDENTIALS[kind])].flatMap(inherited)),
          }),
    };
  }

  return {
    /**
     * `format` is a type of sops; `age` has identities, one a line; `services` are those that it may reach with credentials.
     * @throws what `run` of the runner throws
     */
    decrypt: (content: Buffer, format: string, keys: Keys, limits: BuildOptions): Promise<BuildOutcome> =>
      (keys.services.length === 0 ? own : asking).run(
        {
          args: ['decrypt', '--input-type', format, '--output-type', format],
          folder: '',
          files: async () => ({ files: [], links: [] }),
          input: content,
          environment: environmentFor(keys),
        },
        limits,
      ),
    /** Ends all runs, and refuses others. */
    close: async () => {
      await Promise.all([own.close(), asking.close()]);
    },
  };
}
