import type { UpdateResult, UpdateSpec } from '../../update/index.ts';

/** The body of an error under `/api/flux`, when JSON is accepted. */
export interface ErrorWire {
  readonly type: 'user' | 'missing' | 'server';
  readonly help: string;
  readonly error?: string;
}

/** `GET /v6/jobs`. */
export interface JobStatusWire {
  readonly Result: {
    readonly revision?: string;
    readonly spec?: UpdateSpec;
    readonly result?: UpdateResult;
    /** Where the result waits to be merged. Flux v1 has no such key. */
    readonly pullRequests?: readonly { readonly branch: string; readonly name?: string; readonly url?: string }[];
  };
  readonly Err: string;
  readonly StatusString: 'queued' | 'running' | 'failed' | 'succeeded';
}

export interface FingerprintWire {
  /** md5 as colon-separated hex, sha256 as base64 without padding. */
  readonly hash: string;
  readonly randomart: string;
}

export interface PublicKeyWire {
  readonly key: string;
  readonly fingerprints: { readonly md5: FingerprintWire; readonly sha256: FingerprintWire } | null;
}

/** `POST /v9/git-repo-config`. */
export interface GitConfigWire {
  readonly remote: { readonly url: string; readonly branch: string; readonly path: string };
  readonly publicSSHKey: PublicKeyWire;
  readonly status: string;
  readonly errors: string;
}

/** The body of `POST /v11/notify`. */
export type ChangeWire =
  | { readonly Kind: 'git'; readonly Source: { readonly URL: string; readonly Branch: string } }
  | { readonly Kind: 'image'; readonly Source: { readonly Name: { readonly Domain: string; readonly Image: string } } };
