import { asFluxError, FluxError } from '../../base/index.ts';
import type { LogPiece, LogQuery } from '../../change/index.ts';
import { isPathSegment, objectPath } from '../discovery/api-resource.ts';
import { controllerOf, uidOf } from '../object/controller.ts';
import type { Fields } from '../object/fields.ts';
import { ownersBetween } from '../pod/owners.ts';
import { POD, podStateOf } from '../pod/pod-state.ts';
import { type LocatedWorkload, locateWorkload } from './live-pods.ts';
import type { LiveDeps, LiveQuestion } from './locate.ts';
import { LogLines } from './log-lines.ts';
import { type PermittedReads, permittedReads } from './permitted-reads.ts';

/** The log of a container of a workload of Git. */
export interface LogQuestion extends LiveQuestion, LogQuery {}

/**
 * How long one reading lasts, in milliseconds: less than the transport waits for the first byte, since the API server sends no headers
 * before a quiet container writes, and short enough for a revoked right to end (S-086).
 */
const LONGEST_MS = 25_000;
const MAX_BYTES = 8 * 2 ** 20;

/**
 * Reads the log of a container, as it is taken: what the API server has beyond that waits there. The pod has to belong to the workload,
 * and each read needs a right of the person who looks.
 * @throws FluxError `live/no-pod`, `live/no-container`, `cluster/forbidden` …, those of `permit` and `locateWorkload`; the pieces throw
 * those of the API server: `cluster/invalid` for a container that has not started, or has no previous one.
 */
export async function liveLogs(question: LogQuestion, deps: LiveDeps, signal: AbortSignal): Promise<AsyncIterable<LogPiece>> {
  const { pod: name, container, permit } = question;
  const workload = await locateWorkload(question, deps, signal);
  const { namespace } = workload;
  if (!isPathSegment(name)) throw noPod(question);
  await permit({ verb: 'get', group: '', resource: 'pods', subresource: 'log', namespace, name });
  const reads = permittedReads(deps.transport, permit, signal);
  const object = await reads.get(workload.resource, namespace, workload.name);
  const pod = await reads.get(POD, namespace, name);
  if (!object || !pod || !(await isOf(object, pod, workload, reads))) throw noPod(question);
  if (!podStateOf(pod).containers.some((each) => each.name === container))
    throw new FluxError(`pod ${name} has no container ${JSON.stringify(container.slice(0, 63))}`, {
      code: 'live/no-container',
      fault: 'missing',
    });
  return piecesOf(`${objectPath(POD, namespace, name)}/log`, question, deps, signal);
}

/** Whether a pod belongs to a workload, by its owners. */
async function isOf(
  object: Fields,
  pod: Fields,
  { resource, namespace }: LocatedWorkload,
  reads: PermittedReads,
): Promise<boolean> {
  const uid = uidOf(object);
  if (uid === '') return false;
  const owner = controllerOf(pod);
  if (uidOf(pod) === uid || owner?.uid === uid) return true;
  const between = owner && ownersBetween(resource).find(({ kind }) => kind === owner.kind);
  if (!between || !isPathSegment(owner.name)) return false;
  const above = await reads.get(between, namespace, owner.name);
  return above !== undefined && uidOf(above) === owner.uid && controllerOf(above)?.uid === uid;
}

async function* piecesOf(
  path: string,
  query: LogQuery,
  { transport, clock }: LiveDeps,
  signal: AbortSignal,
): AsyncGenerator<LogPiece, void> {
  using age = clock.deadline(LONGEST_MS, signal);
  try {
    const accept = 'application/json, */*';
    const stream = await transport.stream({ path, query: parametersOf(query), headers: { accept }, signal: age.signal });
    if (stream.status !== 204 && !String(stream.headers['content-type']).startsWith('text/plain')) {
      stream.destroy();
      throw notALog(path);
    }
    const lines = new LogLines();
    let bytes = 0;
    for await (const chunk of stream) {
      const whole = lines.add(chunk);
      if (whole.length > 0) yield { type: 'lines', lines: whole };
      bytes += chunk.length;
      if (bytes < MAX_BYTES) continue;
      yield { type: 'end', reason: 'limit' };
      return;
    }
    const last = lines.end();
    if (last.length > 0) yield { type: 'lines', lines: last };
    yield { type: 'end', reason: 'ended' };
  } catch (error) {
    signal.throwIfAborted();
    if (!age.signal.aborted) throw asFluxError(error, BROKEN_OFF);
    yield { type: 'end', reason: 'renew' };
  }
}

const BROKEN_OFF = { code: 'cluster/unreachable', help: 'The connection to the API server broke off; read the log again.' };

function notALog(path: string): FluxError {
  return new FluxError(`${path}: the response is not a log`, {
    code: 'cluster/bad-answer',
    help: 'Another server responds in place of the API server: a proxy, a load balancer or a wrong server address.',
  });
}

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod */
function parametersOf({ container, previous, follow, tailLines, sinceTime }: LogQuery): Readonly<Record<string, string>> {
  return {
    container,
    timestamps: 'true',
    ...(previous ? { previous: 'true' } : {}),
    ...(follow ? { follow: 'true' } : {}),
    ...(tailLines === undefined ? {} : { tailLines: String(tailLines) }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
  };
}

function noPod({ id, pod }: LogQuestion): FluxError {
  return new FluxError(`${id} has no pod ${JSON.stringify(pod.slice(0, 253))}`, {
    code: 'live/no-pod',
    fault: 'missing',
    help: 'It may have been replaced: look at the pods again.',
  });
}
