import type { Cancellable } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import type { DesiredState, Manifest } from '../../resource/index.ts';

/** Reads what a revision wants. */
export interface Desired {
  /** Whether commands of the repository are run to read a revision. */
  readonly runsCommands?: boolean;
  /**
   * Reads the manifests among the files. The content of a file never makes it throw; a blob that cannot be read does. With `keep` false
   * nothing is added to the cache; with `asFiles` no program is run, and all files are read as they are.
   */
  read(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: Cancellable & { readonly keep?: boolean; readonly asFiles?: boolean },
  ): Promise<DesiredState>;
  /** The file of the repository that a rendered object comes from, if its renderer can be asked. */
  originOf?(
    manifest: Manifest,
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: Cancellable,
  ): Promise<string | undefined>;
}

/** Reads what is written in files of a revision. */
export interface Written {
  /**
   * The objects of those files of a revision that are wanted, as they are written: nothing is run, decrypted or substituted, and nothing
   * is kept. Files that something is rendered from have none.
   */
  readWritten(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options: Cancellable & { readonly wanted: (file: TreeFile) => boolean },
  ): Promise<Pick<DesiredState, 'manifests' | 'errors'>>;
}
