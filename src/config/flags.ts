import { built, deprecated, type Flag, type FlagTypes, meaningless, unbuilt } from './flag.ts';

const NO_KUBECTL = 'objects are applied over the Kubernetes API directly';

/** All flags of fluxd 1.25 and our own, in the groups of help and documentation. */
export const FLAG_GROUPS = {
  General: {
    'log-format': built('string', 'fmt', 'log format: `fmt` (logfmt, pretty on a terminal) or `json`'),
    listen: built('string', ':3030', 'address of the HTTP API, and of /metrics unless --listen-metrics is set', 'l'),
    'listen-metrics': built('string', '', 'separate address for /metrics'),
    ui: built(
      'string',
      'read-only',
      'web page of --listen at /ui/: `off`, `read-only`, or `full`, whose sessions may also change things',
    ),
    'ui-oidc-issuer': built('string', '', 'OpenID Connect provider at which users of the web page sign in, by TLS'),
    'ui-oidc-client-id': built('string', '', 'client of that provider that the web page is'),
    'ui-oidc-client-secret-file': built(
      'string',
      '',
      'file with the secret of that client, if it has one; it is read for each sign-in',
    ),
    'ui-oidc-username-prefix': built(
      'string',
      '',
      'what precedes the subject of a user in the name that Kubernetes knows, such as `oidc:`',
    ),
    'ui-oidc-groups-prefix': built(
      'string',
      '',
      'what precedes the groups of a user in the names that Kubernetes knows, such as `oidc:`',
    ),
    'tls-cert-file': built('string', '', 'PEM certificate chain; enables TLS on --listen, for callers with an authorized token'),
    'tls-private-key-file': built('string', '', 'PEM private key of that certificate; both files are reloaded when they change'),
    'config-file': built(
      'string',
      '',
      'YAML file of flags, by name without dashes, and of several sources; variables and flags override it',
    ),
    version: built('bool', 'false', 'print the version and exit'),
    'kubernetes-kubectl': meaningless('string', '', 'path of kubectl', NO_KUBECTL),
  },
  Git: {
    'git-url': built('string', '', 'repository to sync the cluster with; without one, fluxd does not sync'),
    'git-branch': built('string', 'master', 'branch to sync, and to push image updates to'),
    'git-ref': built(
      'string',
      '',
      'what to sync in place of a branch, without pushing: a tag, `semver:~1.4` for the newest tag in a range, or a full commit id',
    ),
    'git-path': built(
      'list',
      '',
      'directories or files with manifests, relative to the repository root; empty means the whole repository',
    ),
    'git-user': built('string', 'Weave Flux', 'committer name'),
    'git-email': built('string', 'support@weave.works', 'committer e-mail address'),
    'git-set-author': built('bool', 'false', 'set the commit author to the user who requested the change'),
    'git-label': built('string', '', 'replaces both --git-sync-tag and --git-notes-ref'),
    'git-sync-tag': built('string', 'flux-sync', 'tag that marks the synced revision'),
    'git-notes-ref': built('string', 'flux', 'notes ref that records the cause of each commit'),
    'git-ci-skip': built('bool', 'false', 'append "[ci skip]" to commit messages'),
    'git-ci-skip-message': built('string', '', 'text to append verbatim to commit messages; overrides --git-ci-skip'),
    'git-poll-interval': built('duration', '5m', 'interval for fetching new commits'),
    'git-timeout': built('duration', '20s', 'timeout of one Git operation'),
    'git-token-file': built('string', '', 'file with a token for an http(s) --git-url; it is read again when it changes'),
    'git-token-type': built('string', 'basic', 'how that token is sent: `basic`, as a password, or `bearer`'),
    'git-github-app-id': built('string', '', 'number or client ID of the GitHub App that accesses an http(s) --git-url'),
    'git-github-app-installation-id': built('string', '', 'number of its installation'),
    'git-github-app-private-key-file': built('string', '', 'PEM private key of the App; it is read again when it changes'),
    'git-github-api': built(
      'string',
      'https://api.github.com',
      'URL of the API; of GitHub Enterprise Server `https://HOST/api/v3`',
    ),
    'git-ca-file': built('string', '', "PEM certificate authorities of the https Git host, in place of the system's"),
    'git-tls-cert-file': built('string', '', 'PEM client certificate for the https Git host'),
    'git-tls-key-file': built('string', '', 'PEM private key of that certificate'),
    'git-readonly': built('bool', 'false', 'never push: no releases, no automation, and --sync-state=secret'),
    'git-push-branch': built(
      'string',
      '',
      'branch to which automation commits in place of the one that is synced, for people to merge',
    ),
    'git-push-branch-releases': built('bool', 'false', 'releases are committed to that branch as well'),
    'pull-request': built(
      'string',
      '',
      'host at which fluxd opens a pull request for that branch: `github`, `gitlab`, `gitea`, `bitbucket-cloud`, `bitbucket-server` or `azure-devops`',
    ),
    'pull-request-api-url': built('string', '', 'URL of the API of that host; empty means the one that belongs to --git-url'),
    'pull-request-token-file': built(
      'string',
      '',
      'file with a token for that API; it is read again when it changes. Empty means the token of the GitHub App',
    ),
    'pull-request-per': built('string', 'all', 'what shares a branch and a pull request: `all`, a `namespace` or a `workload`'),
    'pull-request-labels': built('list', '', 'labels of new pull requests'),
    'pull-request-reviewers': built('list', '', 'reviewers of new pull requests, as the host names or numbers them'),
    'pull-request-auto-merge': built('bool', 'false', 'let the host merge them as soon as its conditions are met'),
    'pull-request-template': built('string', '', 'file with the title, in its first line, and the text of pull requests'),
    'git-partial-clone': built(
      'string',
      'auto',
      '`auto` fetches only the files below --git-path, where the Git server can do that; `off` fetches all of the repository',
    ),
    'git-secret': built('bool', 'false', 'decrypt files that git-secret hides'),
    'git-gpg-key-import': built('list', '', 'files or directories of GPG keys to import'),
    'git-signing-key': built(
      'string',
      '',
      'key that signs commits and the sync tag: a GPG key, or the file of a private SSH key',
    ),
    'git-signing-format': built('string', 'gpg', 'kind of --git-signing-key: `gpg` or `ssh`'),
    'git-verify-signatures-mode': built('string', '', 'which commits must be signed: `none`, `all` or `first-parent`'),
    'git-allowed-signers-file': built('string', '', 'file of the SSH keys that may sign, in the format of ssh-keygen(1)'),
    'git-verify-signatures': deprecated(
      'bool',
      'false',
      'deprecated form of --git-verify-signatures-mode=all',
      'Changed to --git-verify-signatures-mode, use that instead',
    ),
    sops: built('bool', 'false', 'decrypt files that SOPS encrypted'),
    'sops-age-key-file': built('list', '', 'files of age keys for --sops; they are read again when they change'),
    'sops-allow-key-service': built(
      'list',
      '',
      'key services that --sops may ask: `aws-kms` or `gcp-kms`, each also with the keys as `aws-kms=arn:aws:kms:eu-west-1:111122223333:*`; `azure-kv=https://NAME.vault.azure.net`; `vault=https://vault.example.org`',
    ),
  },
  Sync: {
    'sync-interval': built('duration', '5m', 'maximum interval between syncs'),
    'sync-timeout': built('duration', '1m', 'timeout of one sync and of one job'),
    'sync-window': built('string', '', 'times at which new commits are applied, in the form of --automation-window'),
    'sync-freeze': built('string', '', 'times at which new commits are not applied, in the same form'),
    'sync-change-cause': built('bool', 'false', 'show the subject of the commit in `kubectl rollout history`'),
    'sync-garbage-collection': built('bool', 'false', 'delete objects that were removed from the repository'),
    'sync-garbage-collection-dry': built('bool', 'false', 'only log those deletions; overrides --sync-garbage-collection'),
    'sync-garbage-collection-limit': built('int', '25', 'maximum number of deletions in one sync without approval'),
    'sync-state': built(
      'string',
      'git',
      'where to record the synced revision: `git` (a tag) or `secret` (an annotation of --k8s-secret-name)',
    ),
    kustomize: built(
      'string',
      'off',
      'build folders with a kustomization: `off`, or `auto`, each that no other kustomization refers to',
    ),
    'substitute-from': built(
      'list',
      '',
      'ConfigMaps and Secrets in the namespace of fluxd with the values of variables in manifests, and with values of Helm charts: `configmap/NAME` or `secret/NAME`',
    ),
    'substitute-optional': built('bool', 'false', 'leave variables as they are that have no value there'),
    'manifest-generation': built('bool', 'false', 'render folders by the commands of their `.flux.yaml`'),
    'generation-sandbox': built(
      'string',
      'required',
      'where those commands run: `required`, only in the sandbox container; or `best-effort`, as child processes with limits',
    ),
    'generation-env': built('list', '', 'names of environment variables that its generators may see'),
    'generation-network': built(
      'list',
      '',
      'folders whose commands may use the network, as those below; they run in the sandbox with network, a pod of its own',
    ),
    'generation-network-address': built('string', '', '`host:port` of that sandbox, which the chart sets'),
  },
  Images: {
    'automation-interval': built('duration', '5m', 'interval for checking automated workloads for new images'),
    'automation-gather': built(
      'duration',
      '20s',
      'commit new images together when none has come for this time; `0s` commits each at once',
    ),
    'automation-gather-max': built('duration', '5m', 'longest time that an image waits for others'),
    'automation-pin-digest': built('bool', 'false', 'pin images of automated workloads to the digests of their tags'),
    'automation-revert': built('bool', 'false', 'revert and ban the images of an automated update that does not become ready'),
    'automation-revert-deadline': built(
      'duration',
      '10m',
      'time for a changed workload to become healthy; then its health is unknown, or the update is reverted',
    ),
    'automation-revert-messages': built('bool', 'false', 'quote termination messages of containers in the commits of reverts'),
    'automation-window': built(
      'string',
      '',
      'times at which automation may commit, such as `0 9 * * mon-fri / 8h / Europe/Berlin`',
    ),
    'automation-freeze': built('string', '', 'times at which automation does not commit, in the same form'),
    'automation-min-age': built(
      'string',
      '',
      'how long an image has to be known before automation takes it, such as `72h` or `3d`',
    ),
    'registry-disable-scanning': built('bool', 'false', 'do not scan registries; disables image updates'),
    'registry-rps': built('float', '50', 'maximum requests per second to one registry host'),
    'registry-burst': built('int', '10', 'maximum burst of requests to one registry host'),
    'registry-trace': built('bool', 'false', 'log registry requests'),
    'registry-insecure-host': built('list', '', 'registry hosts to contact without TLS verification, or over HTTP'),
    'helm-internal-host': built('list', '', 'hosts of your network that Helm charts of the repository may come from'),
    'registry-exclude-image': built('list', 'k8s.gcr.io/*', 'globs of canonical image names never to scan'),
    'registry-include-image': built('list', '', 'globs of canonical image names to scan; empty means all'),
    'registry-use-labels': built(
      'list',
      'index.docker.io/weaveworks/*,index.docker.io/fluxcd/*',
      'globs of images whose build-time label overrides the creation time',
    ),
    'registry-verify': built(
      'list',
      '',
      'whose signature images must have, as GLOB=POLICY; policies are `cosign:KEY` and `cosign-keyless:IDENTITY@ISSUER`; may be repeated',
    ),
    'registry-verify-keys': built('string', '', 'directory of the public keys of those policies, KEY.pub each'),
    'registry-verify-trust-root': built('string', '', 'Sigstore trust root (trusted_root.json) for those of identities'),
    'docker-config': built('string', '', 'Docker config.json with credentials for images without a pull secret'),
    'registry-ecr-region': built('list', '', 'AWS regions whose ECR images are scanned; by default that of fluxd'),
    'registry-ecr-include-id': built('list', '', 'AWS accounts whose ECR images are scanned; empty means all'),
    'registry-ecr-exclude-id': built('list', '602401143452,918309763551', 'AWS accounts whose ECR images are never scanned'),
    'registry-require': built('list', '', 'registries whose API must be available at start: `ecr`'),
    'registry-poll-interval': deprecated(
      'duration',
      '5m',
      'old name of --automation-interval',
      'Changed to --automation-interval, use that instead',
    ),
    'registry-cache': built(
      'string',
      'memory',
      'where to remember image metadata across restarts: `disk`, or shared by daemons `redis://…`, `rediss://…` or `memcached`; `memory` is lost with the process',
    ),
    'registry-cache-dir': built('string', '/var/cache/fluxd', 'directory of --registry-cache=disk'),
    'registry-cache-key-file': built(
      'string',
      '',
      'file with a key of at least 32 characters that seals the entries: needed for a shared cache, the same for all its daemons; only with it valid signatures are remembered',
    ),
    'registry-cache-expiry': meaningless(
      'duration',
      '0s',
      'expiry of cache entries',
      'they expire a week after they were written last',
    ),
    'memcached-hostname': built('string', 'memcached', 'host of --registry-cache=memcached; without that it has no effect'),
    'memcached-port': built('int', '11211', 'its port, with an empty --memcached-service'),
    'memcached-timeout': built('duration', '1s', 'timeout of one operation of that cache'),
    'memcached-service': built('string', 'memcached', 'name of the SRV record that has the servers and ports of that cache'),
  },
  Kubernetes: {
    'k8s-secret-name': built(
      'string',
      'flux-git-deploy',
      'Secret with the deploy key and the sync marker of --sync-state=secret, in the namespace of fluxd',
    ),
    'k8s-secret-volume-mount-path': built('string', '/etc/fluxd/ssh', 'directory of the SSH key for Git, mounted from a Secret'),
    'k8s-secret-data-key': built(
      'string',
      'identity',
      'key of the private key in that Secret, and its file name in that directory',
    ),
    'k8s-default-namespace': built(
      'string',
      '',
      'namespace for manifests without one; defaults to that of the kubeconfig context',
    ),
    'k8s-unsafe-exclude-resource': built(
      'list',
      '*metrics.k8s.io/*,webhook.certmanager.k8s.io/*,v1/Event',
      'globs of group/version/Kind that garbage collection never lists',
    ),
    'k8s-allow-namespace': built('list', '', 'restrict fluxd to these namespaces; empty means no restriction'),
    'k8s-namespace-whitelist': deprecated(
      'list',
      '',
      'old name of --k8s-allow-namespace',
      'Changed to --k8s-allow-namespace, use that instead',
    ),
    'kube-config': deprecated(
      'string',
      '',
      'kubeconfig file; overrides KUBECONFIG',
      'Please use the KUBECONFIG environment variable instead',
    ),
    'k8s-in-cluster': meaningless('bool', 'true', 'run inside a cluster', 'detected automatically'),
    'k8s-verbosity': meaningless('int', '0', 'log level of the Go client', 'there is no Go client'),
  },
  Webhooks: {
    'webhook-listen': built(
      'string',
      '',
      'address for webhooks of Git hosts and registries, such as `:8080`; empty disables webhooks',
    ),
    'webhook-config': built(
      'string',
      '',
      'file that defines the webhook endpoints, in the format of flux-recv; key files are beside it',
    ),
  },
  'SSH key generation': {
    'ssh-keygen-bits': built('int', '0', 'length of a generated deploy key, as ssh-keygen -b'),
    'ssh-keygen-type': built('string', '', 'type of a generated deploy key, as ssh-keygen -t; empty means ed25519'),
    'ssh-keygen-format': built('string', '', 'format of a generated deploy key, as ssh-keygen -m'),
    'ssh-keygen-dir': built('string', '', 'directory for the private files of the deploy key; empty means one in memory'),
  },
  'Upstream service': {
    connect: unbuilt('string', '', 'base URL of a service to connect to'),
    token: unbuilt('string', '', 'token for that service'),
    'rpc-timeout': unbuilt('duration', '10s', 'timeout of requests from that service'),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Flag>>>>;

/** The same flags by name. */
export const FLAGS = {
  ...FLAG_GROUPS.General,
  ...FLAG_GROUPS.Git,
  ...FLAG_GROUPS.Sync,
  ...FLAG_GROUPS.Images,
  ...FLAG_GROUPS.Kubernetes,
  ...FLAG_GROUPS.Webhooks,
  ...FLAG_GROUPS['SSH key generation'],
  ...FLAG_GROUPS['Upstream service'],
} as const;

export type FlagName = keyof typeof FLAGS;

/** The parsed value of every flag, given or default. */
export type FlagValues = { readonly [Name in FlagName]: FlagTypes[(typeof FLAGS)[Name]['type']] };

export const FLAG_NAMES = Object.keys(FLAGS) as readonly FlagName[];

export function isFlagName(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}
