/**
 * Commands of a repository, run apart from fluxd. A *command runner* lays the files of a revision out, runs `/bin/sh -c` commands in them,
 * and returns what they printed and which files they changed. One runner asks a helper in a *sandbox container* (another user, without
 * network, confined by Landlock and seccomp; `container/tools/sandbox`), over a socket in a folder that both share. Another asks such a helper
 * in a pod of its own, for commands that may use the network. The third runs *child processes*, for the machine of a person who trusts the
 * repository. Which commands run, and what their output means, is known elsewhere.
 */
export { byFolder } from './by-folder.ts';
export { type ChildProcessRunnerOptions, createChildProcessRunner } from './child-process/child-process-runner.ts';
export type { CommandRunner } from './command-runner.ts';
export { type ContainerRunnerOptions, createContainerRunner } from './container/container-runner.ts';
export { createNetworkRunner, type NetworkRunnerOptions } from './container/network-runner.ts';
export { DEFAULT_LIMITS, MAX_FILE_BYTES as MAX_COMMAND_FILE_BYTES, type RunLimits } from './limits.ts';
export { findProgram } from './program/find-program.ts';
export { createGpg } from './program/gpg.ts';
export { createHelm } from './program/helm.ts';
export { createKustomize } from './program/kustomize.ts';
export type { ProgramOptions } from './program/program-runner.ts';
export { createSops } from './program/sops.ts';
