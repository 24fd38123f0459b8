import type { BuildOptions, BuildOutcome } from '../../repository/index.ts';

/** Runs `gpg --decrypt` on content that it reads from a pipe. Its error output has the lines of `--status-fd`. */
export interface GpgProgram {
  /** @throws the signal's reason; FluxError `gpg/not-found`, `gpg/closed`, `sandbox/failed` */
  decrypt(content: Buffer, options: BuildOptions): Promise<BuildOutcome>;
}
