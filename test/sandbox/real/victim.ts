import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { type Sandbox, USER } from './helper.ts';
import { SECRET } from './planted.ts';

/** A process of the same user in the same namespace, with a secret in its environment, that a command may try to read or end. */
export interface Victim {
  /** As a command sees it. */
  readonly pid: number;
  /** What was done to it, in words; it is not there any more afterwards. */
  changes(): Promise<readonly string[]>;
}

export async function startVictim(sandbox: Sandbox): Promise<Victim> {
  const child = sandbox.beside(USER, ['sleep', '1000'], { VICTIM_SECRET: SECRET });
  const ended = once(child, 'exit');
  let pid = 0;
  await until('the victim sleeps', async () => {
    for (const name of (await readdir(sandbox.proc)).filter((each) => /^\d+$/.test(each))) {
      const command = await readFile(join(sandbox.proc, name, 'cmdline'), 'utf8').catch(() => '');
      if (command === 'sleep\0' + '1000\0') pid = Number(name);
    }
    return pid !== 0;
  });
  return {
    pid,
    changes: async () => {
      // The helper kills it with what the command left; nothing does where there is no helper.
      await sandbox.kill('sleep\0' + '1000');
      // nsenter stops with a child that a debugger stopped.
      child.kill('SIGCONT');
      const [, signal] = await ended;
      return signal === 'SIGKILL' ? [] : [`another process was ended by ${signal}`];
    },
  };
}
