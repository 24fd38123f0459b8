import type { NonEmpty } from '../base/index.ts';
import type { DeployKeyConfig } from './deploy-key.ts';
import type { GenerationConfig } from './generation.ts';
import type { ListenAddress } from './listen-address.ts';
import type { OidcConfig } from './oidc.ts';
import type { RegistryCacheConfig } from './registry-cache.ts';
import type { SopsConfig } from './sops.ts';
import type { SubstitutionConfig } from './substitution.ts';

/** Branches on which images are proposed. */
export interface ProposalsConfig {
  /** Its name, or what the names of several begin with. */
  readonly branch: string;
  /** Whether releases of people are proposed as well. */
  readonly releases: boolean;
  readonly per: 'all' | 'namespace' | 'workload';
  /** Absent: branches are pushed, and no pull requests are made. */
  readonly host?: {
    readonly kind: 'github' | 'gitlab' | 'gitea' | 'bitbucket-cloud' | 'bitbucket-server' | 'azure-devops';
    /** Absent: derived from the URL of the repository. */
    readonly api?: string;
    /** Absent: the token of the GitHub App. */
    readonly tokenFile?: string;
    /** Path of a file. */
    readonly template?: string;
    readonly labels: readonly string[];
    readonly reviewers: readonly string[];
    readonly autoMerge: boolean;
  };
}

/** One repository to sync from. */
export interface SourceConfig {
  /** Unique in the daemon; `default` for the one that flags describe. */
  readonly name: string;
  /** As given, so it may contain a password: pass it only to Git. Empty without a repository. */
  readonly url: string;
  readonly branch: string;
  /** In place of the branch, and read-only: a tag, `semver:` with a range of tags, or a commit. */
  readonly ref?: string;
  /** Relative to the repository root; empty means the whole repository. */
  readonly paths: readonly string[];
  readonly syncTag: string;
  readonly notesRef: string;
  /** Where the credentials of an http(s) URL are. Absent: in the URL, if anywhere. */
  readonly authentication?:
    | { readonly kind: 'token-file'; readonly file: string; readonly type: 'basic' | 'bearer' }
    | {
        readonly kind: 'github-app';
        readonly appId: string;
        readonly installationId: string;
        readonly privateKeyFile: string;
        readonly api: string;
      };
  /** Absent: images are committed to the branch itself. */
  readonly proposals?: ProposalsConfig;
  /** Paths of PEM files for an https URL: certificate authorities in place of the system's, and our own certificate. */
  readonly tls?: { readonly caFile?: string; readonly client?: { readonly certFile: string; readonly keyFile: string } };
}

/** The operator's settings, parsed and validated once. Frozen. Intervals and limits are in milliseconds. */
export interface Config {
  readonly logFormat: 'fmt' | 'json';
  readonly listen: ListenAddress;
  /** Absent: /metrics is served on `listen`. */
  readonly listenMetrics?: ListenAddress;
  /** Absent: no webhooks. `configFile` defines the endpoints; their key files are beside it. */
  readonly webhooks?: { readonly listen: ListenAddress; readonly configFile: string };
  /** Paths of a PEM certificate and its private key. Absent: `listen` serves plain HTTP only. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };

  /** The web page, and what it may do. */
  readonly ui: 'off' | 'read-only' | 'full';
  /** Absent: users of the page have Kubernetes tokens. */
  readonly uiOidc?: OidcConfig;

  /** At least one, each with a name of its own. */
  readonly sources: NonEmpty<SourceConfig>;
  readonly gitUser: string;
  readonly gitEmail: string;
  readonly gitSetAuthor: boolean;
  /** Appended verbatim to commit messages; may be empty. */
  readonly gitCiSkipMessage: string;
  /** Whether nothing is ever pushed. */
  readonly gitReadonly: boolean;
  readonly gitPartialClone: 'auto' | 'off';
  readonly gitPollIntervalMs: number;
  readonly gitTimeoutMs: number;
  /** Files and directories of GPG keys. */
  readonly gitGpgKeyImport: readonly string[];
  /** Whether files that git-secret hides are decrypted. */
  readonly gitSecret: boolean;
  /** Which commits must have a valid signature; absent for none. */
  readonly gitVerifySignatures?: 'first-parent' | 'all';
  /** Who may sign with which SSH key; absent for no one. */
  readonly gitAllowedSignersFile?: string;
  /** Absent: nothing is signed. The key is a GPG key, or the path of a private SSH key. */
  readonly gitSigning?: { readonly format: 'gpg' | 'ssh'; readonly key: string };

  /** Where the synced revision is recorded. */
  readonly syncState: 'git' | 'secret';
  readonly syncIntervalMs: number;
  readonly syncTimeoutMs: number;
  /** Schedules, as given; absent means always. */
  readonly syncWindow?: string;
  readonly syncFreeze?: string;
  /** Whether new pod templates carry the subject of their commit as change cause. */
  readonly syncChangeCause: boolean;
  readonly garbageCollection: 'off' | 'dry' | 'on';
  readonly garbageCollectionLimit: number;
  /** `auto`: folders with a kustomization are built, unless another refers to them. */
  readonly kustomize: 'off' | 'auto';
  /** Absent: manifests have no variables. */
  readonly substitution?: SubstitutionConfig;
  /** Absent: files named `.flux.yaml` are ignored. */
  readonly generation?: GenerationConfig;
  /** Absent: encrypted documents are refused. */
  readonly sops?: SopsConfig;

  readonly automationIntervalMs: number;
  readonly automationPinDigest: boolean;
  /** 0: nothing is gathered. */
  readonly automationGatherMs: number;
  readonly automationGatherMaxMs: number;
  readonly automationRevert: boolean;
  readonly automationRevertDeadlineMs: number;
  readonly automationRevertMessages: boolean;
  /** Schedules, as given; absent means always. */
  readonly automationWindow?: string;
  readonly automationFreeze?: string;
  /** As given; absent means none. */
  readonly automationMinAge?: string;
  readonly registryDisableScanning: boolean;
  readonly registryRps: number;
  readonly registryBurst: number;
  readonly registryTrace: boolean;
  readonly registryInsecureHosts: readonly string[];
  /** Hosts, with or without port, at internal addresses that charts may come from. */
  readonly helmInternalHosts: readonly string[];
  readonly registryExcludeImages: readonly string[];
  /** Empty means all. */
  readonly registryIncludeImages: readonly string[];
  readonly registryUseLabels: readonly string[];
  /** Which images must be signed, and by whom; as given. */
  readonly registryVerify: readonly string[];
  /** Directory of public keys. */
  readonly registryVerifyKeys?: string;
  /** File with the authorities for identities. */
  readonly registryVerifyTrustRoot?: string;
  readonly dockerConfig?: string;
  readonly registryCache: RegistryCacheConfig;
  /** Absent: that of fluxd; empty: none. */
  readonly registryEcrRegions?: readonly string[];
  /** Empty means all. */
  readonly registryEcrIncludeIds: readonly string[];
  readonly registryEcrExcludeIds: readonly string[];
  readonly registryRequire: readonly 'ecr'[];

  readonly k8sDefaultNamespace?: string;
  /** Flux touches no other namespace; empty means no restriction. */
  readonly k8sAllowNamespaces: readonly string[];
  readonly k8sExcludeResources: readonly string[];
  readonly deployKey: DeployKeyConfig;
  /** From --kube-config. Absent: KUBECONFIG and the other default locations. */
  readonly kubeConfig?: string;
}
