import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock, Logger } from '../../base/index.ts';
import { createGpg } from './gpg.ts';
import { createGpgAgent } from './gpg-agent.ts';
import { createGpgHome } from './gpg-home.ts';
import { importKeys } from './import-keys.ts';
import { listedKeys } from './key-listing.ts';
import { programPath } from './program.ts';

export interface KeyringOptions {
  /** Where the keyring is created. */
  readonly home: string;
  /** A home directory of gpg whose keys are copied. */
  readonly copied: string | undefined;
  /** Files and directories of keys to import. */
  readonly imports: readonly string[];
  /** Whether all keys are trusted ultimately once some were imported, as Flux v1 does when it verifies signatures. */
  readonly trustsImports: boolean;
  readonly path: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export type Keyring = Awaited<ReturnType<typeof openKeyring>>;

/** Opens the keyring of gpg, with an agent for its private keys. Close the agent where nothing is signed by gpg. */
export async function openKeyring({ home, copied, imports, trustsImports, path, clock, log }: KeyringOptions) {
  const program = (name: string) => programPath(name, path, 'for GPG signatures');
  await createGpgHome(home, copied);
  const gpg = createGpg(program('gpg'), home);
  const listed = await promisify(execFile)(program('gpgconf'), ['--homedir', home, '--list-dirs', 'agent-socket']);
  const socket = listed.stdout.trim() || join(home, 'S.gpg-agent');
  const agent = createGpgAgent({ program: program('gpg-agent'), cat: program('cat'), home, socket, clock });
  if (imports.length > 0) await agent.ensure();
  for (const each of imports) await importKeys(gpg, each, log);
  if (imports.length > 0 && trustsImports) await trustAll();

  async function trustAll(): Promise<void> {
    const keys = listedKeys((await gpg.listKeys()).stdout);
    const { ok, said } = await gpg.setTrust(keys.map(({ fingerprint }) => `${fingerprint}:6:\n`).join(''));
    if (!ok) log.error({ error: said }, 'trusting the imported GPG keys failed');
  }

  return { gpg, agent };
}
