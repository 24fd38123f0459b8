import { type Logger, messageOf } from '../../base/index.ts';
import type { RunOptions } from '../git-process.ts';
import { checkWritable, type Remote } from '../push.ts';
import type { Unproven } from './deploy-keys.ts';

export interface Proof {
  /** Its git offers the new key alone. */
  readonly remote: Remote;
  readonly branch: string;
  /** Whether both keys together may push: then the new one must be able to. */
  readonly writes: boolean;
}

/** Tries once whether the host accepts a new key alone. Throws only when aborted: the fetch has succeeded already. */
export async function proveKey(key: Unproven, { remote, branch, writes }: Proof, run: RunOptions, log: Logger): Promise<void> {
  try {
    const head = await remote.git.revParse(`refs/heads/${branch}`, run);
    if (writes && head !== undefined) {
      const refusal = await checkWritable(remote, branch, head, run);
      if (refusal) throw refusal;
    } else await remote.git.lsRemote(remote.address, run);
  } catch (error) {
    log.debug({ error: messageOf(error) }, 'the Git host does not accept the new deploy key alone yet');
    return;
  }
  await key.accepted();
}
