import type { TreeFile } from '../../repository/index.ts';
import type { GenerationConfig } from '../generation/config-file.ts';

/** How commands render a unit. */
export type CommandConfig = Exclude<GenerationConfig, { readonly kind: 'scanForFiles' }>;

/** All files that are manifests themselves, however many there are. */
export interface PlainUnit {
  readonly renderer: 'plain';
  /** Whether a path is read; links may lead to others. */
  readonly includes: (path: string) => boolean;
}

/** Without units that are rendered. */
export const ALL_FILES: PlainUnit = { renderer: 'plain', includes: () => true };

/** A folder whose manifests are the output of commands. */
export interface CommandUnit {
  readonly renderer: 'commands';
  /** As Flux v1 names what is generated: the folder, and the path from there to the config file, such as `staging/../.flux.yaml`. */
  readonly name: string;
  /** Where the commands run, relative to the root; empty for the root. */
  readonly directory: string;
  /** Path of the `.flux.yaml`. */
  readonly configFile: string;
  readonly config: CommandConfig;
}

/** A part of a revision, and what renders it. */
export type Unit = PlainUnit | CommandUnit;

/** Whether a listed file may be read as text. */
export function isRegular({ mode, undecodable }: TreeFile): boolean {
  return mode.startsWith('100') && !undecodable;
}
