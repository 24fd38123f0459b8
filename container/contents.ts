/** What the image is made of, and why. Versions and hashes are elsewhere: `debian.lock.json`, `go.sum` of each tool, `package-lock.json`. */

/** The one platform that the image is built for, as Debian, Go and OCI call it. */
export const ARCHITECTURE = 'amd64';

/** The compiler of the Go tools; `go` itself fetches this one when the machine has another. */
export const GO_VERSION = '1.26.8';

export interface DebianContents {
  readonly suites: readonly { readonly uri: string; readonly suite: string }[];
  /** Packages by what they are here for. Packages that these depend on are found by `--refresh`. */
  readonly packages: Readonly<Record<string, readonly string[]>>;
  /** Packages that one of ours depends on and that are left out, with the reason. */
  readonly without: Readonly<Record<string, string>>;
  /** Paths that are not unpacked; globs of GNU tar, where `*` also matches `/`. Copyright files always are. */
  readonly excluded: readonly string[];
  /** Commands that are links to busybox. */
  readonly busybox: readonly string[];
}

export const DEBIAN: DebianContents = {
  suites: [
    { uri: 'http://deb.debian.org/debian', suite: 'trixie' },
    { uri: 'http://deb.debian.org/debian', suite: 'trixie-updates' },
    { uri: 'http://deb.debian.org/debian-security', suite: 'trixie-security' },
  ],
  packages: {
    'directories and what scanners look for': ['base-files'],
    'the names of ports and protocols': ['netbase'],
    'roots of trust for git, helm and sops': ['ca-certificates'],
    'what Node.js is linked to': ['libc6', 'libstdc++6', 'libgcc-s1'],
    'process 1: git, gpg and generators leave children behind, which fluxd does not reap': ['tini'],
    'git, its transports and signatures': ['git', 'openssh-client', 'gpg', 'gpg-agent', 'git-secret'],
    'commands for generators': ['coreutils', 'busybox', 'gettext-base'],
    'bash and gawk, which git-secret is written in': ['bash', 'gawk'],
    'a name for arbitrary user ids, by LD_PRELOAD': ['libnss-wrapper'],
  },
  without: {
    adduser: 'runs when a package is installed; our users stand in root/etc/passwd',
    debconf: 'runs when a package is installed',
    debianutils: 'add-shell runs when a package is installed',
    'git-man': 'manual pages',
    'init-system-helpers': 'runs when a package is installed',
    'libsasl2-modules-db': 'a plug-in of LDAP, which curl is linked to and git does not speak',
    'liberror-perl': 'for the Perl commands of git',
    openssl: 'hashes certificates by name when ca-certificates is installed; ours are read as one file',
    'openssl-provider-legacy': 'ciphers that ssh no longer speaks',
    passwd: 'runs when a package is installed',
    perl: 'for git send-email, svn and instaweb; 50 MB',
    'pinentry-curses': 'there is no terminal to ask for a passphrase',
    'readline-common': 'settings of interactive shells',
  },
  excluded: [
    './usr/share/doc/*',
    './usr/share/man/*',
    './usr/share/info/*',
    './usr/share/locale/*',
    './usr/share/lintian*',
    './usr/share/bash-completion*',
    './usr/share/zsh*',
    './usr/share/bug*',
    './usr/share/apport*',
    './usr/share/gitweb*',
    './usr/share/java*',
    './usr/share/maven-repo*',
    './usr/share/perl5*',
    './usr/share/git-core/contrib*',
    './usr/share/debianutils*',
    './usr/share/initramfs-tools*',
    './usr/share/gnupg/help.*',
    './usr/share/gcc*',
    './usr/share/gdb*',
    './usr/share/awk*',
    './usr/lib/systemd*',
    './usr/lib/tmpfiles.d*',
    './usr/lib/sysusers.d*',
    './usr/lib/x86_64-linux-gnu/gconv*',
    './usr/lib/x86_64-linux-gnu/gawk*',
    './usr/lib/x86_64-linux-gnu/perl*',
    './etc/init.d*',
    './etc/X11*',
    './etc/logcheck*',
    './etc/default*',
    './etc/apparmor.d*',
    './etc/update-motd.d*',
    './etc/skel*',
    './etc/bash_completion.d*',
    './etc/bash.bashrc',
    // Servers, the web and mail: each is another 2.3 MB copy of git.
    './usr/lib/git-core/git-daemon',
    './usr/lib/git-core/git-http-backend',
    './usr/lib/git-core/git-http-push',
    './usr/lib/git-core/git-http-fetch',
    './usr/lib/git-core/git-imap-send',
    './usr/lib/git-core/git-instaweb',
    './usr/lib/git-core/git-shell',
    './usr/lib/git-core/scalar',
    './usr/lib/git-core/mergetools*',
    './usr/bin/git-shell',
    './usr/bin/scalar',
    // Hardware keys, smart cards, and what is setuid.
    './usr/lib/openssh/*',
    './usr/lib/gnupg*',
    './usr/bin/bashbug',
  ],
  busybox: [
    ...['sh', 'ash', 'sed', 'grep', 'egrep', 'fgrep', 'find', 'xargs', 'which', 'ps', 'hostname'],
    ...['tar', 'gzip', 'gunzip', 'zcat', 'unzip', 'diff', 'cmp', 'patch', 'less', 'vi', 'wget', 'nc'],
  ],
};

export interface GoTool {
  /** Name of the command, and of its module in `tools/`. */
  readonly name: string;
  /** What it is here for. */
  readonly purpose: string;
  /** The module that its version is of, and the versions that `--refresh` chooses from, as `go get` reads them. */
  readonly module: string;
  readonly query: string;
  /** The package of its main function; `.` is our own of a few lines. */
  readonly package: string;
  /** Variables set at link time. */
  readonly variables: (version: string) => Readonly<Record<string, string>>;
}

/** kubectl's minor version: the middle one of those that Kubernetes maintains, as kubectl may be one off the server's. */
const KUBERNETES_MINOR = '36';

export const GO_TOOLS: readonly GoTool[] = [
  {
    name: 'kubectl',
    purpose: 'for generators and for a person in the pod; fluxd itself does without',
    module: 'k8s.io/kubectl',
    query: `v0.${KUBERNETES_MINOR}`,
    package: '.',
    variables: (version) => ({
      'k8s.io/component-base/version.gitVersion': version.replace('v0.', 'v1.'),
      'k8s.io/component-base/version.gitMajor': '1',
      'k8s.io/component-base/version.gitMinor': KUBERNETES_MINOR,
      'k8s.io/client-go/pkg/version.gitVersion': version.replace('v0.', 'v1.'),
    }),
  },
  {
    name: 'kustomize',
    purpose: 'for generators',
    module: 'sigs.k8s.io/kustomize/kustomize/v5',
    query: '<v5.8.3', // which needs Go 1.27
    package: 'sigs.k8s.io/kustomize/kustomize/v5',
    variables: () => ({}),
  },
  {
    name: 'helm',
    purpose:
      'for generators; Helm 3, as charts of Flux v1 users and their plug-ins are made for it and Helm 4 changes flags and output',
    module: 'helm.sh/helm/v3',
    query: 'v3.22',
    package: 'helm.sh/helm/v3/cmd/helm',
    variables: (version) => ({
      'helm.sh/helm/v3/internal/version.version': version,
      // What `.Capabilities.KubeVersion` is where no cluster is asked.
      'helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor': KUBERNETES_MINOR,
      'helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor': KUBERNETES_MINOR,
    }),
  },
  {
    name: 'sops',
    purpose: 'for generators',
    module: 'github.com/getsops/sops/v3',
    query: 'v3.13',
    package: 'github.com/getsops/sops/v3/cmd/sops',
    variables: () => ({}),
  },
];

/** Directories that are there for volumes and scratch, by mode; everything in the image belongs to root. */
export const DIRECTORIES: Readonly<Record<string, number>> = {
  // Readable by any user, as a v1 Deployment mounts its known_hosts, kubeconfig and keys below it for any user.
  root: 0o755,
  'home/flux': 0o1777,
  tmp: 0o1777,
  'etc/fluxd/ssh': 0o755,
  'var/fluxd/keygen': 0o1777,
};
