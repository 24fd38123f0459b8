import type { Clock, HttpTransport, Logger } from '../base/index.ts';
import type { OnCacheOperation } from './cache/guarded-store.ts';
import type { ImageCacheOptions } from './cache/image-cache.ts';
import type { ReadCore } from './credentials/index.ts';
import type { EcrLimits } from './ecr-scope.ts';
import type { OnFetch } from './fetched.ts';
import type { TrustedSigners } from './signatures/verifier.ts';

export interface ImageWatchOptions {
  readonly http: HttpTransport;
  readonly clock: Clock;
  readonly log: Logger;
  /** `--automation-interval`: a repository is scanned as often as automation runs, and at least once a minute. */
  readonly automationIntervalMs: number;
  /** Requests per second to one registry host. */
  readonly rps: number;
  /** Burst of requests to one host, and number of tags of a repository read in parallel. */
  readonly burst: number;
  /** Hosts, with or without port, that may be contacted without verifying certificates, or over plain HTTP. */
  readonly insecureHosts?: readonly string[];
  /** Whether no registry may be asked (`--registry-disable-scanning`). */
  readonly scanningDisabled?: boolean;
  /** Globs of canonical names; empty includes every image. */
  readonly includeImages?: readonly string[];
  /** Globs of canonical names; overrides inclusion. */
  readonly excludeImages?: readonly string[];
  /** Which images of Amazon ECR are scanned; by default those of the region that fluxd runs in. */
  readonly ecrLimits?: EcrLimits;
  /** Globs of canonical names whose images use the build time in labels. */
  readonly useLabels?: readonly string[];
  /** By what image signatures are verified; by nothing when absent. */
  readonly signers?: TrustedSigners;
  readonly dockerConfigFile?: string;
  readonly readFile: (path: string) => Promise<string>;
  readonly readCore: ReadCore;
  /** The process environment, by which the identities of clouds are found; without it none is used. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Called after a scan, including the first, that found new tags or new metadata of wanted tags. */
  readonly onNewTags: (name: string) => void;
  /** Logs every request. */
  readonly trace?: boolean;
  /** Called for each request with its status, which is absent without a response. */
  readonly onRequest?: (status: number | undefined) => void;
  /** Called for each tag list and each tag that was read. */
  readonly onFetch?: OnFetch;
  /** Where to remember repositories across restarts; absent: nowhere. */
  readonly cache?: Pick<ImageCacheOptions, 'store' | 'secret' | 'timeoutMs'>;
  /** Called for each operation of the cache. */
  readonly onCache?: OnCacheOperation;
  /** Source of jitter in [0, 1). */
  readonly random?: () => number;
}
