/**
 * Changes for Git. An *update spec* says what somebody (or a new image) wants; planning it yields a *result* for each workload
 * and the edited files. Nothing here writes: the controller commits.
 */
export type {
  AutomatedSpec,
  Cause,
  ContainerUpdate,
  PolicySpec,
  ReleaseContainersSpec,
  ReleaseImageSpec,
  UpdateResult,
  UpdateSpec,
  UpdateStatus,
  WorkloadResult,
} from './spec.ts';
