import type { Cancellable } from '../../base/index.ts';
import type { ImageRepository, ImageScan, ImageTarget, RegistryCacheFailure, RegistryHost } from '../../image/index.ts';
import type { SignatureQuestion, UrgentQuestions } from '../../policy/index.ts';

/** Keeps metadata of the images that workloads use. */
export interface ImageWatch {
  /** Replaces the set of watched repositories; new ones are scanned at once. */
  watch(targets: readonly ImageTarget[]): void;
  /** Asks for the metadata of one tag, unless it is known; the scanner reads it soon. Unknown names are ignored. */
  readTag(name: string, tag: string): void;
  /** Asks which of some images is signed as it must be, unless that was looked at a moment ago. Unknown names are ignored. */
  verify(question: SignatureQuestion): void;
  /**
   * Verifies images at once, for a person who waits. A watched repository is scanned, and the answer is undefined: `repository` knows. Of
   * another one only these images are read, if a flag does not forbid it, and the answer is all that is known; it is not watched.
   */
  verifyNow(asked: UrgentQuestions, options?: Cancellable): Promise<ImageRepository | undefined>;
  /** The flag because of which the registry is not asked about a repository; undefined if it is asked. */
  barredBy(name: string): string | undefined;
  /** Metadata by canonical name; undefined if the repository is not watched or not scanned yet. */
  repository(name: string): ImageRepository | undefined;
  /** The scan state of every watched repository, sorted by name. */
  scans(): readonly ImageScan[];
  /** The same summed up by registry host, and the requests that each still answers. */
  hosts(): readonly RegistryHost[];
  /** Why nothing is remembered over restarts; undefined while the cache works, and without one. */
  cacheFailure(): RegistryCacheFailure | undefined;
  /** Scans one repository or all immediately; resolves when done. Unknown names are ignored. */
  scanNow(name?: string, options?: Cancellable): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}
