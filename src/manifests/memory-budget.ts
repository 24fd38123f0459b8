import { FluxError } from '../base/index.ts';

/** What one file takes of the heap. */
export interface HeapShare {
  /** Places and problems, which each file has of its own. */
  readonly bytes: number;
  /** The objects, which files of the same content share. */
  readonly objects: { readonly bytes: number };
}

/** What the manifests of a revision may take of the heap, file by file. Objects that several files share count once, wherever they came from. */
export class MemoryBudget {
  readonly #maxBytes: number;
  readonly #counted = new Set<HeapShare['objects']>();
  #left: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#left = maxBytes;
  }

  /** Nothing more has room. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** Counts a file; false when it has no room. */
  take({ bytes, objects }: HeapShare): boolean {
    this.#left -= bytes + (this.#counted.has(objects) ? 0 : objects.bytes);
    this.#counted.add(objects);
    return this.#left >= 0;
  }

  refusal(): FluxError {
    return new FluxError(
      `file is not kept: the manifests before it take ${Math.floor(this.#maxBytes / (1 << 20))} MiB of memory`,
      {
        code: 'manifests/too-much',
        fault: 'user',
        help: 'The whole file is refused. Give fluxd more memory, or have it read less with --git-path.',
      },
    );
  }
}
