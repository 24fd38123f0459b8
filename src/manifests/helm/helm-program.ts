import type { Cancellable } from '../../base/index.ts';
import type { BuildOptions, BuildOutcome, ProgramFiles } from '../../repository/index.ts';
import type { ClusterCapabilities, LockedChart } from '../../resource/index.ts';

/** Runs `helm template` with arguments, in a folder that has only the given files, without plugins, network and cluster. */
export interface HelmProgram {
  template(args: readonly string[], files: () => Promise<ProgramFiles>, options: BuildOptions): Promise<BuildOutcome>;
}

/** What charts may know of the cluster. @throws FluxError why it is not known */
export type Capabilities = (cancel: Cancellable) => Promise<ClusterCapabilities>;

/** Where archives of charts are fetched from. */
export interface ChartArchives {
  /** An archive, whose bytes have its digest. @throws FluxError why it cannot be had now; it is asked for again */
  fetch(chart: LockedChart, cancel: Cancellable): Promise<Buffer>;
}

/** How folders are rendered whose `.flux.yaml` names a chart. */
export interface Helm {
  readonly program: HelmProgram;
  /** What charts may know of the cluster; asked once for each revision that names one. */
  readonly capabilities: Capabilities;
  readonly archives: ChartArchives;
  /** The longest that a rendering may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether errors show what Helm printed, also where it quotes values. */
  readonly verbatim?: boolean;
}
