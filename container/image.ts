/** How the image is run; https://github.com/opencontainers/image-spec/blob/main/config.md */
export const IMAGE = {
  // As Flux v1's: a process 1 that reaps the children that git, gpg and generators leave, then the daemon.
  entrypoint: ['/usr/bin/tini', '--', '/usr/local/bin/fluxd'],
  environment: ['PATH=/usr/local/bin:/usr/bin:/bin', 'LANG=C.UTF-8', 'GIT_CONFIG_GLOBAL=/root/.gitconfig'],
  ports: ['3030/tcp'],
} as const;

export interface Origin {
  readonly version: string;
  /** RFC 3339. */
  readonly created: string;
  /** The commit; absent when not built from a repository. */
  readonly revision?: string;
}

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export function labelsOf({ version, created, revision }: Origin): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.title': 'flux-gitops',
    'org.opencontainers.image.description':
      'Keeps a Kubernetes cluster in sync with a Git repository, and its image tags in sync with the registries.',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.created': created,
    ...(revision === undefined ? {} : { 'org.opencontainers.image.revision': revision }),
  };
}
