import type { Clock } from '../../base/index.ts';
import type { Daemon } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import { automationRoutes } from './automation.ts';
import { conditional } from './conditional.ts';
import { diffRoutes } from './diffs.ts';
import { eventRoutes } from './events.ts';
import { gcRoutes } from './gc.ts';
import { historyRoutes } from './history.ts';
import { identityRoutes } from './identity.ts';
import { imageDecisionRoutes } from './image-decisions.ts';
import { imageScanRoutes } from './image-scans.ts';
import { manifestRoutes } from './manifest.ts';
import { objectCommitRoutes } from './object-commits.ts';
import { objectDiffRoutes } from './object-diff.ts';
import { objectHealthRoutes } from './object-health.ts';
import { objectRoutes } from './objects.ts';
import { overviewRoutes } from './overview.ts';
import { sourceRoutes } from './sources.ts';
import { syncRoutes } from './syncs.ts';
import { topologyRoutes } from './topology.ts';
import { whyRoutes } from './why.ts';
import { writerRoutes } from './writers.ts';

export { notInGit, objectIdOf } from './object-id.ts';
export { textParameter } from './parameter.ts';
export { V1_PREFIX } from './prefix.ts';
export { problemReply } from './problem.ts';
export { cutValue, isLongValue } from './shown-value.ts';

/**
 * The new API, `/api/v1`: resources in camelCase JSON, errors as problem details (RFC 9457), an ETag on every response to a GET, and
 * pagination of long lists.
 */
export function v1Routes(daemon: Daemon, clock: Clock): readonly Route[] {
  return [
    ...syncRoutes(daemon, clock),
    ...automationRoutes(daemon),
    ...gcRoutes(daemon),
    ...identityRoutes(daemon),
    ...objectHealthRoutes(daemon),
    ...diffRoutes(daemon),
    ...objectRoutes(daemon),
    ...objectCommitRoutes(daemon),
    ...objectDiffRoutes(daemon),
    ...historyRoutes(daemon),
    ...whyRoutes(daemon),
    ...manifestRoutes(daemon),
    ...writerRoutes(daemon),
    ...imageDecisionRoutes(daemon),
    ...imageScanRoutes(daemon),
    ...sourceRoutes(daemon),
    ...overviewRoutes(daemon, clock),
    ...topologyRoutes(daemon),
    ...eventRoutes(daemon, clock),
  ].map(conditional);
}
