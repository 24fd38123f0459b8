import { FluxError, messageOf } from '../../base/index.ts';
import { REPLICAS_HELD } from '../../change/index.ts';
import { isFields, parseApiVersion } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import type { Directory } from '../discovery/discovery.ts';
import { type LiveObject, listPages } from '../object/live.ts';
import { isKubectl, replicasOf, scaleHolder } from '../object/scale.ts';
import type { Target } from '../scope/scope.ts';
import { type ApplyStep, type IdleStep, isWanted, type Step } from './step.ts';

export interface ReplicasDeps {
  readonly transport: Transport;
  readonly directory: Directory;
  /** The number in the last applied manifest; undefined if unknown. */
  readonly appliedBefore: (target: Target) => { readonly replicas: number | undefined } | undefined;
}

/** A number in Git that is overridden by another manager's. */
interface Waiting {
  readonly by: string;
  readonly wanted: number;
  /** The number in the cluster; undefined if only metadata is known. */
  readonly is: number | undefined;
}

/**
 * Decides whose number of replicas applies to a scaled object (R-011). Git's does if it has changed since the last apply, kubectl holds the
 * other one and no autoscaler targets the object; otherwise it waits, which is reported in every sync.
 */
export async function settleReplicas(
  steps: readonly Step[],
  deps: ReplicasDeps,
  signal: AbortSignal | undefined,
): Promise<readonly Step[]> {
  const scaled = steps.flatMap((step, index) => {
    if (!isWanted(step) || !step.target) return [];
    const waiting = waitingOf(step.target, step.live);
    return waiting ? [{ index, step, target: step.target, waiting }] : [];
  });
  if (scaled.length === 0) return steps;
  const autoscalers = createAutoscalers(deps, signal);
  const settled = [...steps];
  await Promise.all(
    scaled.map(async ({ index, step, target, waiting }) => {
      settled[index] = await settle(step, target, waiting);
    }),
  );
  return settled;

  async function settle(step: ApplyStep | IdleStep, target: Target, waiting: Waiting): Promise<Step> {
    const { by, wanted, is } = waiting;
    const before = deps.appliedBefore(target);
    const isNews = before !== undefined && before.replicas !== wanted;
    const isPersons = step.act === 'apply' && isKubectl(by) && isNews;
    const why = isPersons ? await autoscalers.of(target) : undefined;
    if (isPersons && why === undefined) {
      const reason = `${step.entry.reason}; spec.replicas ${wanted} replaces ${by}'s${is === undefined ? '' : ` ${is}`}`;
      return { ...step, replicas: 'git', entry: { ...step.entry, reason } };
    }
    const warnings = [waits(waiting, why)];
    if (step.act === 'apply') return { ...step, warnings: [...step.warnings, ...warnings] };
    return step.entry.action === 'unchanged' ? { ...step, entry: { ...step.entry, warnings } } : step;
  }
}

function waitingOf({ manifest }: Target, live: LiveObject | undefined): Waiting | undefined {
  const by = live && scaleHolder(live);
  const wanted = replicasOf(manifest.object);
  if (by === undefined || wanted === undefined || live?.replicas === wanted) return undefined;
  return { by, wanted, is: live?.replicas };
}

function waits({ by, wanted, is }: Waiting, why: string | undefined): FluxError {
  const held = `${by} holds ${is === undefined ? 'another number' : is} through the scale subresource`;
  return new FluxError(`spec.replicas ${wanted} is not applied: ${held}${why === undefined ? '' : `; ${why}`}`, {
    code: REPLICAS_HELD,
    fault: 'user',
    help: `To apply Git's number, scale the object to it once. To leave the number to ${isKubectl(by) ? 'people' : 'the autoscaler'}, remove spec.replicas from the file.`,
  });
}

/** The autoscalers of each namespace, listed on demand. */
function createAutoscalers({ transport, directory }: ReplicasDeps, signal: AbortSignal | undefined) {
  const lists = new Map<string, Promise<readonly Autoscaler[]>>();

  async function list(namespace: string): Promise<readonly Autoscaler[]> {
    const resource = ['v2', 'v1'].flatMap((version) => directory.find(GROUP, version, KIND) ?? [])[0];
    // Without the kind there are no autoscalers.
    if (!resource && !directory.missing.some((each) => each.startsWith(`${GROUP}/`))) return [];
    if (!resource) throw new FluxError(`${GROUP} could not be discovered`, { code: 'cluster/unseen' });
    return (await listPages(transport, resource, 'whole', autoscalerOf, { namespace, signal })).items.flat();
  }

  return {
    /** Why Git's number does not apply: an autoscaler targets the object, or autoscalers cannot be listed. */
    async of({ resource, namespace = '', name }: Target): Promise<string | undefined> {
      try {
        const listed = lists.get(namespace) ?? list(namespace);
        lists.set(namespace, listed);
        const found = (await listed).find(
          ({ target }) => target.kind === resource.kind && target.name === name && target.group === resource.group,
        );
        return found && `${KIND} ${found.name} decides`;
      } catch (error) {
        signal?.throwIfAborted();
        return `autoscalers cannot be listed: ${messageOf(error)}`;
      }
    },
  };
}

const GROUP = 'autoscaling';
const KIND = 'HorizontalPodAutoscaler';

interface Autoscaler {
  readonly name: string;
  readonly target: { readonly group: string; readonly kind: string; readonly name: string };
}

function autoscalerOf({ metadata, spec }: Readonly<Record<string, unknown>>): readonly Autoscaler[] {
  const ref = isFields(spec) ? spec.scaleTargetRef : undefined;
  if (!isFields(metadata) || !isFields(ref)) return [];
  const { apiVersion, kind, name } = ref;
  const { group } = parseApiVersion(typeof apiVersion === 'string' ? apiVersion : '');
  return [{ name: String(metadata.name), target: { group, kind: String(kind), name: String(name) } }];
}
