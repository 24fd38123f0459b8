import { writeFileSync } from 'node:fs';

/** Which memory a core dump of this process has: bits of core(5). Programs that it starts inherit them. */
const FILTER = '/proc/self/coredump_filter';

/**
 * Keeps memory out of core dumps of this process and of the programs that it starts from now on. A limit of size would not do: a handler
 * of core dumps may ignore it. Elsewhere than on Linux it does nothing.
 * @throws the error of the system
 */
export function leaveMemoryOutOfCoreDumps(): void {
  if (process.platform === 'linux') writeFileSync(FILTER, '0');
}
