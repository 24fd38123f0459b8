import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { FluxError } from '../../base/index.ts';

/**
 * The absolute path of a program on PATH. Git is given absolute paths, so that no configuration chooses another program.
 * @throws FluxError `git/not-installed`
 */
export function programPath(name: string, path: string | undefined, use: string): string {
  for (const folder of (path ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  throw new FluxError(`${name} is not installed; it is needed ${use}`, {
    code: 'git/not-installed',
    fault: 'user',
    help: `Install ${name} on the PATH of fluxd; the image of Flux has it.`,
  });
}
