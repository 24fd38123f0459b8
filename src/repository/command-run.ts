import type { TreeFile } from './tree-file.ts';

/** A shell command that a repository asks for, run as `/bin/sh -c <text>`. */
export interface ShellCommand {
  readonly text: string;
  /** The whole environment of the command, but for `PATH`, `HOME` and `TMPDIR`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** The files that commands find: those of a revision, or of one with edits that are not committed yet. */
export interface CommandFiles {
  /** The same id always stands for the same files; lower-case hex. */
  readonly id: string;
  /** Files, links and submodules; a submodule becomes an empty folder. */
  readonly files: readonly TreeFile[];
  read(file: TreeFile): Promise<Buffer>;
}

/** Commands that run one after another; the first that fails is the last. */
export interface CommandRun {
  readonly files: CommandFiles;
  /** The folder in which each command starts, relative to the root of the repository; empty for the root. */
  readonly directory: string;
  readonly commands: readonly ShellCommand[];
  /** Whether they may change the files, in a copy of their own. */
  readonly writable: boolean;
}

/** A regular file that commands created, changed or deleted. */
export type ChangedFile =
  | { readonly path: string; readonly kind: 'written'; readonly content: Buffer; readonly executable: boolean }
  | { readonly path: string; readonly kind: 'deleted' };

/** A limit of the sandbox, by what it bounds. */
export type CommandLimit = 'time' | 'output' | 'memory' | 'changes';

/** How a process ended that did not succeed. */
export type ProcessFailure =
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'limit'; readonly limit: CommandLimit; readonly bound: string };

/** How a command ended that did not succeed. */
export type CommandFailure =
  | ProcessFailure
  /** They succeeded, but left a change that cannot be committed. */
  | { readonly kind: 'change'; readonly path: string; readonly what: RefusedChange };

/** A change of files that commands may not make, by what is now at the path. `name`: characters that a path may not have. */
export type RefusedChange = 'link' | 'hard-link' | 'special-file' | 'name' | 'unreadable' | 'submodule';

export type CommandOutcome =
  | {
      readonly kind: 'succeeded';
      /** Standard output of each command. */
      readonly outputs: readonly Buffer[];
      /** By path; empty unless `writable`. */
      readonly changed: readonly ChangedFile[];
    }
  | {
      readonly kind: 'failed';
      /** Index of the command. */
      readonly command: number;
      readonly failure: CommandFailure;
      /** The end of its standard error: at most 20 lines and 4 KiB. */
      readonly stderr: string;
    };
