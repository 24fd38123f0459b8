/**
 * A *source* is one Git repository: its URL, branch and paths, and our identity as committer. It keeps a bare mirror beside the daemon
 * and never checks out files: trees are listed and blobs read by id. Commits are created with a private index, and pushed atomically
 * together with their note, under the condition that the refs still have the values that they were planned on. Git and the remote are
 * not trusted: URLs, names and paths are validated before a process starts, and every process gets an environment built from scratch.
 */

export type { GitAuthentication } from './credentials/choose.ts';
export { readSecretFile } from './credentials/secret-file.ts';
export { createDeployKeys, type DeployKeyOptions, type DeployKeys, NO_DEPLOY_KEY } from './deploy-key/deploy-keys.ts';
export type { GitTls } from './environment.ts';
export { type LocalTree, type LocalTreeOptions, openLocalTree } from './local/local-tree.ts';
export { recordedSyncs } from './recorded-syncs.ts';
export { openSignatures, type Signatures } from './signatures/signatures.ts';
export { createSource, type GitSource } from './source.ts';
export type { SourceOptions, SshAccess } from './source-options.ts';
export { syncSetName } from './sync-set.ts';
export { type GitUrl, parseGitUrl, safeUrl, sameRepository, shownUrl, usesSsh } from './url.ts';
