import { statfs } from 'node:fs/promises';

/** Types of file systems that have their files in memory (statfs(2): TMPFS_MAGIC, RAMFS_MAGIC). */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Whether files in a folder are in memory. @throws the error of the system if there is no such folder */
export async function isMemoryBacked(folder: string): Promise<boolean> {
  // Linux alone has these types: elsewhere the numbers mean something else.
  return process.platform === 'linux' && IN_MEMORY.has((await statfs(folder)).type);
}
