import { createHash } from 'node:crypto';
import type { CommandFiles, CommandRun, ShellCommand, TreeFile } from '../../src/repository/index.ts';

export interface Entry {
  readonly mode: '100644' | '100755' | '120000' | '160000';
  readonly content: string | Buffer;
}

export const executable = (content: string | Buffer): Entry => ({ mode: '100755', content });
export const link = (target: string): Entry => ({ mode: '120000', content: target });
export const submodule: Entry = { mode: '160000', content: '' };

export interface CountedFiles extends CommandFiles {
  /** How often a file was read. */
  reads(): number;
}

/** Files as a revision has them: a text is a regular file. */
export function filesOf(entries: Readonly<Record<string, string | Entry>>): CountedFiles {
  const contents = new Map<string, Buffer>();
  const files = Object.entries(entries).map(([path, entry]): TreeFile => {
    const { mode, content } = typeof entry === 'string' ? { mode: '100644', content: entry } : entry;
    const bytes = Buffer.from(content);
    contents.set(path, bytes);
    return { path, mode, blob: createHash('sha1').update(bytes).digest('hex'), size: bytes.length };
  });
  const id = createHash('sha1');
  for (const { path, mode, blob } of files) id.update(JSON.stringify([path, mode, blob]));
  let reads = 0;
  return {
    id: id.digest('hex'),
    files,
    reads: () => reads,
    read: async ({ path }) => {
      reads += 1;
      const content = contents.get(path);
      if (!content) throw new Error(`no file ${path}`);
      return content;
    },
  };
}

export const TIMEOUT_MS = 60_000;

export function command(text: string, options: Partial<ShellCommand> = {}): ShellCommand {
  return { text, environment: {}, timeoutMs: TIMEOUT_MS, ...options };
}

/** A run of commands, read-only and at the root of a repository with one file unless said otherwise. */
export function runOf(
  commands: string | readonly (string | ShellCommand)[],
  options: Partial<CommandRun> & { readonly entries?: Readonly<Record<string, string | Entry>> } = {},
): CommandRun {
  const { entries = { 'a.yaml': 'kind: A\n' }, files = filesOf(entries), ...rest } = options;
  return {
    files,
    directory: '',
    writable: false,
    commands: [commands].flat().map((each) => (typeof each === 'string' ? command(each) : each)),
    ...rest,
  };
}
