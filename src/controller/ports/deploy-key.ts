import type { Cancellable } from '../../base/index.ts';

/** The SSH key by which Git hosts know this daemon. */
export interface DeployKey {
  /** The public half as an OpenSSH line, or empty. */
  publicKey(): Promise<string>;
  /**
   * Generates a key, stores it, and resolves to its public half. The one before remains in use until the Git hosts accept the new one.
   * @throws FluxError `git/deploy-key`, `git/keygen`, `git/no-deploy-key`, `git/no-key-generation`.
   */
  regenerate(options?: Cancellable): Promise<string>;
}
