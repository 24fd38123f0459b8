import { createHash } from 'node:crypto';

/** `sha256:<hex>` of the bytes. */
export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

export interface StoredManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly content: Buffer;
}

export interface Repository {
  readonly manifests: Map<string, StoredManifest>;
  /** Tag to digest. */
  readonly tags: Map<string, string>;
  readonly blobs: Map<string, Buffer>;
  /** Unfinished uploads, by id. */
  readonly uploads: Map<string, Buffer>;
}

export interface Repositories {
  find(name: string): Repository | undefined;
  /** The repository, created if missing. */
  open(name: string): Repository;
  names(): readonly string[];
}

export function createRepositories(): Repositories {
  const all = new Map<string, Repository>();
  return {
    find: (name) => all.get(name),
    open: (name) => {
      let repository = all.get(name);
      if (!repository) {
        repository = { manifests: new Map(), tags: new Map(), blobs: new Map(), uploads: new Map() };
        all.set(name, repository);
      }
      return repository;
    },
    names: () => [...all.keys()].sort(),
  };
}

export function storeManifest(repository: Repository, content: Buffer, mediaType: string, tag?: string): StoredManifest {
  const manifest = { digest: digestOf(content), mediaType, content };
  repository.manifests.set(manifest.digest, manifest);
  if (tag !== undefined) repository.tags.set(tag, manifest.digest);
  return manifest;
}
