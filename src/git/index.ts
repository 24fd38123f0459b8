/**
 * A *source* is one Git repository: where it is, which branch and paths count, and as whom we write to it. It keeps a bare
 * mirror beside the daemon and never checks anything out: trees are listed and blobs read by id, and commits are made of a
 * private index, then pushed together with their note, all or nothing, expecting the exact values they were planned on. Git
 * and the remote are not trusted: URLs, names and paths are checked before a process starts, and every process gets an
 * environment built from nothing.
 */
export { type DeployKeyOptions, deployKey } from './deploy-key.ts';
export type { SshFiles } from './environment.ts';
export { createSource, type GitSource, type SourceOptions } from './source.ts';
export { syncSetName } from './sync-set.ts';
export { type GitUrl, parseGitUrl, safeUrl, sameRepository, shownUrl } from './url.ts';
