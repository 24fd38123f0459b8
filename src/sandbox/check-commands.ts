import type { CommandRun } from '../repository/index.ts';
import { type Layout, refused } from './layout.ts';

/** What Linux takes as one argument, less its NUL. */
const MAX_TEXT = 128 * 1024 - 1;
/** Of all commands of a run together, with their environments. */
const MAX_BYTES = 1024 ** 2;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Checks what would fail in every sandbox. @throws FluxError `sandbox/refused` */
export function checkCommands({ commands, directory }: CommandRun, { folders }: Layout): void {
  if (directory !== '' && !folders.has(directory)) {
    throw refused(`commands cannot run in ${JSON.stringify(directory)}: the repository has no such folder`);
  }
  let bytes = 0;
  commands.forEach(({ text, environment, timeoutMs }, index) => {
    const which = `command ${index + 1} for ${JSON.stringify(directory)}`;
    bytes += text.length;
    if (text.includes('\0')) throw refused(`${which} has a NUL character`);
    if (Buffer.byteLength(text) > MAX_TEXT) throw refused(`${which} has more than ${MAX_TEXT} bytes`);
    if (!(timeoutMs > 0)) throw refused(`${which} has no time to run`);
    for (const [name, value] of Object.entries(environment)) {
      bytes += name.length + value.length;
      if (!NAME.test(name)) throw refused(`${which} has an environment variable ${JSON.stringify(name)}`);
      if (value.includes('\0') || Buffer.byteLength(name) + Buffer.byteLength(value) >= MAX_TEXT) {
        throw refused(`${which} has an environment variable ${name} that is too long, or has a NUL character`);
      }
    }
    if (bytes > MAX_BYTES) throw refused(`the commands for ${JSON.stringify(directory)} have more than ${MAX_BYTES} characters`);
  });
}
