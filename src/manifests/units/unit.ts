import type { TreeFile } from '../../repository/index.ts';
import type { ClusterCapabilities } from '../../resource/index.ts';
import type { CommandConfig } from '../generation/config-file.ts';
import type { HelmConfig } from '../helm/helm-config.ts';
import type { HelmInputs } from '../helm/inputs.ts';

/** All files that are manifests themselves, however many there are. */
export interface PlainUnit {
  readonly renderer: 'plain';
  /** Whether a path is read; links may lead to others. */
  readonly includes: (path: string) => boolean;
}

/** Without units that are rendered. */
export const ALL_FILES: PlainUnit = { renderer: 'plain', includes: () => true };

interface Rendered {
  /** Shown in errors and listings, and the same as long as the unit is at its place. */
  readonly name: string;
  /** The folder of the unit, relative to the root; empty for the root. */
  readonly directory: string;
  /** Path of the file that says how it is rendered. */
  readonly configFile: string;
}

/**
 * A folder whose manifests are the output of commands, which run there. As Flux v1 names what is generated, its name is the folder, and
 * the path from there to the `.flux.yaml`, such as `staging/../.flux.yaml`.
 */
export interface CommandUnit extends Rendered {
  readonly renderer: 'commands';
  readonly config: CommandConfig;
}

/** A folder that kustomize builds. Its name is the path of its kustomization. */
export interface KustomizeUnit extends Rendered {
  readonly renderer: 'kustomize';
  /** All files that it is built from, and the links to them, by path. */
  readonly files: readonly TreeFile[];
  /** Paths of those that were looked into before the build, so that kustomize gets them as they are in Git. */
  readonly asWritten: ReadonlySet<string>;
}

/** A folder for which Helm renders a chart. Its name is made like that of commands. */
export interface HelmUnit extends Rendered, HelmInputs {
  readonly renderer: 'helm';
  readonly config: HelmConfig;
  /** Name of the release. */
  readonly release: string;
  /** The files with values that may be edited: no other unit has them. */
  readonly own: readonly string[];
  /** What the chart may know of the cluster. */
  readonly capabilities: ClusterCapabilities;
}

/** A unit whose objects are written in no file. */
export type RenderedUnit = CommandUnit | KustomizeUnit | HelmUnit;

/** A part of a revision, and what renders it. */
export type Unit = PlainUnit | RenderedUnit;
