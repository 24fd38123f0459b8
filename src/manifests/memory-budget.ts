import { FluxError } from '../base/index.ts';

/** Heap usage of one file. */
export interface HeapShare {
  /** Locations and problems, which are separate for each file. */
  readonly bytes: number;
  /** The objects, which files with the same content share. */
  readonly objects: { readonly bytes: number };
}

/** The heap budget of a revision's manifests, charged file by file. Objects that several files share count once. */
export class MemoryBudget {
  readonly #maxBytes: number;
  readonly #counted = new Set<HeapShare['objects']>();
  #left: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#left = maxBytes;
  }

  /** Whether the budget is exhausted. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** Charges a file; false if it exceeds the budget. */
  take({ bytes, objects }: HeapShare): boolean {
    this.#left -= bytes + (this.#counted.has(objects) ? 0 : objects.bytes);
    this.#counted.add(objects);
    return this.#left >= 0;
  }

  refusal(what: 'file' | 'what it renders'): FluxError {
    return new FluxError(
      `${what} exceeds the memory limit: the manifests before it use ${Math.floor(this.#maxBytes / (1 << 20))} MiB`,
      {
        code: 'manifests/too-much',
        fault: 'user',
        help: 'It is refused as a whole. Raise the memory limit of fluxd, or read fewer files with --git-path.',
      },
    );
  }
}
