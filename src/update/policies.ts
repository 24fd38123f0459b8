import { FluxError } from '../base/index.ts';
import { containerOf, policiesOf, policyChanges } from '../policy/index.ts';
import {
  type Container,
  containersOf,
  formatResourceId,
  isWorkload,
  type Manifest,
  parseResourceId,
  type ResourceId,
} from '../resource/index.ts';
import { annotationChanges } from './annotation-changes.ts';
import type { UpdateContext } from './context.ts';
import { createEditor, type Planned } from './edit.ts';
import { rejection, sortedResult } from './select.ts';
import type { PolicySpec, UpdateResult, WorkloadResult } from './spec.ts';

/** Why a policy change was rejected as a whole, with the results of the workloads so far, since Flux v1 reports both. */
export class PoliciesRefused extends FluxError {
  readonly result: UpdateResult;

  constructor({ message, code, fault, help, cause }: FluxError, result: UpdateResult) {
    super(message, { code, fault, ...(help === undefined ? {} : { help }), ...(cause === undefined ? {} : { cause }) });
    this.result = result;
  }
}

/**
 * Adds and removes policies in the manifests. A workload that has them already, or is not in the repository, is `skipped`, as in
 * Flux v1.
 * @throws PoliciesRefused `policy/bad-tag-pattern`, `policy/bad-order`, `policy/bad-min-age`, `policy/bad-verify`, `policy/bad-ban`, `policy/bad-name`, `policy/no-container`, `update/not-a-workload`, `update/edit-failed`.
 * @throws FluxError `resource/bad-id`.
 */
export async function planPolicies(spec: PolicySpec, context: UpdateContext): Promise<Planned> {
  const editor = createEditor(context);
  const results = new Map<ResourceId, WorkloadResult>();
  for (const [text, update] of Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const id = formatResourceId(parseResourceId(text));
    const manifest = context.manifests.get(id);
    if (!manifest) {
      results.set(id, rejection('skipped', 'not found in repository'));
      continue;
    }
    try {
      requireWorkload(id, manifest);
      const containers = containersOf(manifest.object);
      const changes = annotationChanges(
        manifest,
        policyChanges(update, containers, policiesOf(manifest.object.metadata.annotations)),
      );
      requireContainers(id, update, containers);
      const changed =
        changes.size > 0 && (await editor.edit([{ id, manifest, change: { kind: 'annotations', annotations: changes } }]));
      results.set(id, { Status: changed ? 'success' : 'skipped', PerContainer: null });
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      results.set(id, { Status: 'failed', Error: error.message, PerContainer: null });
      throw new PoliciesRefused(error, sortedResult(results));
    }
  }
  return { result: sortedResult(results), edits: await editor.finish() };
}

/** A pattern for a missing container would have no effect, and the intended container would have none. Removing one is allowed. */
function requireContainers(id: ResourceId, { add, remove }: PolicySpec[string], containers: readonly Container[]): void {
  const names = containers.map(({ name }) => name);
  const wanted = Object.keys(add ?? {}).flatMap((policy) =>
    Object.hasOwn(remove ?? {}, policy) ? [] : (containerOf(policy)?.container ?? []),
  );
  const unknown = wanted.find((container) => !names.includes(container));
  if (unknown === undefined) return;
  throw new FluxError(`${id} has no container ${JSON.stringify(unknown)}`, {
    code: 'policy/no-container',
    fault: 'user',
    help: names.length === 0 ? 'The workload has no containers.' : `Its containers are ${names.join(', ')}.`,
  });
}

function requireWorkload(id: ResourceId, { object }: Manifest): void {
  if (isWorkload(object)) return;
  throw new FluxError(`resource ${id} does not have containers`, {
    code: 'update/not-a-workload',
    fault: 'user',
    help: 'Policies belong to workloads, such as a Deployment or a HelmRelease, and to custom resources whose annotations say where their images are.',
  });
}
