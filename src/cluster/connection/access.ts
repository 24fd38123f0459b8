import { asFluxError, FluxError } from '../../base/index.ts';
import { type AccessQuestion, type AccessVerdict, isFields } from '../../resource/index.ts';
import type { Transport } from './transport.ts';

/** A single attempt, since a client waits for the result. */
const ATTEMPTS = 1;

/**
 * Asks the API server whose a token is (TokenReview), unless the user is known, and whether that user has a right
 * (SubjectAccessReview), as every extension of Kubernetes does. Only a clear yes is one.
 * @throws FluxError `cluster/no-review` when we may not ask, others of this room when there is no answer.
 */
export async function reviewAccess(transport: Transport, question: AccessQuestion, signal?: AbortSignal): Promise<AccessVerdict> {
  const user = await subjectOf(transport, question, signal);
  if (user === undefined) return { outcome: 'unknown-token' };
  const access = await review(
    transport,
    'authorization.k8s.io',
    'SubjectAccessReview',
    { ...user, ...attributesOf(question) },
    signal,
  );
  const allowed = access.allowed === true && access.denied !== true;
  return { outcome: allowed ? 'allowed' : 'forbidden', user: user.user };
}

function subjectOf(transport: Transport, question: AccessQuestion, signal: AbortSignal | undefined): Promise<User | undefined> {
  if ('token' in question)
    return review(transport, 'authentication.k8s.io', 'TokenReview', { token: question.token }, signal).then(userOf);
  const { user, groups } = question;
  return Promise.resolve(user === '' ? undefined : { user, groups });
}

function attributesOf(question: AccessQuestion): object {
  if ('on' in question) return { resourceAttributes: question.on };
  const { verb, path } = question;
  return { nonResourceAttributes: { verb, path } };
}

interface User {
  readonly user: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Undefined unless the token certainly belongs to a user with a name: an empty name must never be accepted (S-073). */
function userOf({ authenticated, user, error }: Readonly<Record<string, unknown>>): User | undefined {
  if (authenticated !== true || !isFields(user) || (error !== undefined && error !== '')) return undefined;
  const { username, uid, groups, extra } = user;
  if (typeof username !== 'string' || username === '') return undefined;
  return {
    user: username,
    ...(typeof uid === 'string' ? { uid } : {}),
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
    ...(isFields(extra) ? { extra } : {}),
  };
}

/** Creates a review, which the server answers and does not keep; its status. */
async function review(
  transport: Transport,
  group: string,
  kind: string,
  spec: object,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const path = `/apis/${group}/v1/${kind.toLowerCase()}s`;
  try {
    const { body } = await transport.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: `${group}/v1`, kind, spec }),
      attempts: ATTEMPTS,
      unfenced: true,
      signal,
    });
    if (isFields(body) && body.kind === kind && isFields(body.status)) return body.status;
  } catch (thrown) {
    const error = asFluxError(thrown, { code: 'cluster/no-review' });
    if (error.code !== 'cluster/forbidden') throw error;
    throw new FluxError(`fluxd may not review the tokens of its callers: ${error.message}`, {
      code: 'cluster/no-review',
      help: 'Give its service account the right to create tokenreviews and subjectaccessreviews, as the ClusterRole system:auth-delegator does.',
      cause: error,
    });
  }
  throw new FluxError(`${path}: the response is not a ${kind}`, { code: 'cluster/bad-answer' });
}
