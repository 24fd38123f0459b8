import { refusedChart } from '../refused.ts';

/** Of a chart and its values, with all that is unpacked. */
export const MAX_FILES = 10_000;
/** Helm has all of them in memory. */
export const MAX_BYTES = 32 << 20;

/** What is left of the size that a chart may have. */
export class Room {
  readonly #chart: string;
  #files = MAX_FILES;
  #bytes = MAX_BYTES;

  /** `chart` is its name in errors. */
  constructor(chart: string) {
    this.#chart = chart;
  }

  /** Takes room for a file, or for a folder of an archive. @throws FluxError `helm/refused` */
  take(bytes: number): void {
    this.#files -= 1;
    this.#bytes -= bytes;
    if (this.#files < 0) throw refusedChart(`${this.#chart} has more than ${MAX_FILES} files`);
    if (this.#bytes < 0) throw refusedChart(`${this.#chart} has more than ${MAX_BYTES >> 20} MiB`);
  }
}
