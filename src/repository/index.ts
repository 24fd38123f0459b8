/**
 * A Git repository as data. A *revision* is a commit id; it has *files*, listed as `git ls-tree` lists them, and came with *commits*. An
 * *accepted revision* is one that may be synced and updated; what of the branch is not accepted is *unverified*. A *commit request* is
 * an edit that is planned on one accepted revision and applies to no other. The *lineage* of a revision says whether it continues an
 * earlier one, or history was rewritten. The *writers* are the programs that left the sync
 * tag and the job notes there. How the data is fetched and pushed is known in another room.
 */
export type { AcceptedRevision } from './accepted-revision.ts';
export type {
  ChangedFile,
  CommandFailure,
  CommandFiles,
  CommandLimit,
  CommandOutcome,
  CommandRun,
  ProcessFailure,
  RefusedChange,
  ShellCommand,
} from './command-run.ts';
export type { Commit, CommitRequest } from './commit.ts';
export { faultOfLength } from './fault-of-length.ts';
export type { FileText } from './file-text.ts';
export { followsInWords, isBranch } from './follows.ts';
export type { LineChange, LineRange } from './line-change.ts';
export type { Lineage } from './lineage.ts';
export type { BuildOptions, BuildOutcome, ProgramFiles } from './program-build.ts';
export type { ProposalBranch, ProposalNames, ProposalRequest } from './proposal.ts';
export { isRevision, type Revision } from './revision.ts';
export type { ContainerLayers, Sandboxes, SandboxLayers } from './sandbox-layers.ts';
export type { SourceState, SourceStatus } from './source-state.ts';
export type { SyncRecordRequest } from './sync-record-request.ts';
export type { TreeFile } from './tree-file.ts';
export { headNotVerified, refusedInWords, type Unverified, waitingInWords } from './unverified.ts';
export type { Writer, Writers } from './writers.ts';
