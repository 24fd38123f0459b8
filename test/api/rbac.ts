import type { ReviewAccess } from '../../src/api/access/rights.ts';
import { reviewAccess } from '../../src/cluster/connection/access.ts';
import type { ApiRequest, Transport } from '../../src/cluster/connection/transport.ts';
import type { AccessQuestion } from '../../src/resource/index.ts';

/** Verbs on our paths that each user of the cluster has. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  nothing: [],
  reader: ['get', 'head'],
  viewer: ['get', 'head'],
  writer: ['post', 'patch'],
  owner: ['get', 'head', 'post', 'patch'],
};

/** The same for each group of users who signed in. */
const GROUP_VERBS: Readonly<Record<string, readonly string[]>> = { 'oidc:readers': ['get', 'head'] };

/** What an API server says of tokens that are not good, in its words. */
const REFUSALS: Readonly<Record<string, string>> = {
  expired: '[invalid bearer token, service account token has expired]',
  elsewhere:
    '[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["https://kubernetes.default.svc"]]',
};

/** The token that a question is about; empty for a user who is known. */
export const tokenIn = (question: AccessQuestion) => ('token' in question ? question.token : '');

interface Review {
  readonly kind: string;
  readonly spec: {
    readonly token?: string;
    readonly user?: string;
    readonly groups?: readonly string[];
    readonly nonResourceAttributes?: { readonly path: string; readonly verb: string };
    readonly resourceAttributes?: { readonly subresource?: string };
  };
}

/** A cluster whose users bear their names as tokens, and have rights on `/fluxd/api/*`; asked as the daemon asks. */
export const reviewByRbac: ReviewAccess = (question, { signal }) => {
  const request = async ({ body = '' }: ApiRequest) => {
    const review: Review = JSON.parse(body);
    return { status: 201, headers: {}, attempts: 1, body: { kind: review.kind, status: statusOf(review) } };
  };
  const noStream = () => Promise.reject(new Error('a review is no stream'));
  return reviewAccess({ request, stream: noStream, close() {} } satisfies Transport, question, signal);
};

function statusOf({ kind, spec }: Review): object {
  if (kind === 'TokenReview') {
    const { token = '' } = spec;
    if (Object.hasOwn(VERBS, token)) return { authenticated: true, user: { username: token, groups: ['system:authenticated'] } };
    return { authenticated: false, user: {}, error: REFUSALS[token] ?? 'invalid bearer token' };
  }
  // Who owns everything may also look at everything, and a viewer at all but logs.
  if (spec.resourceAttributes)
    return { allowed: spec.user === 'owner' || (spec.user === 'viewer' && spec.resourceAttributes.subresource !== 'log') };
  const { path = '', verb = '' } = spec.nonResourceAttributes ?? {};
  const verbs = [VERBS[spec.user ?? ''], ...(spec.groups ?? []).map((group) => GROUP_VERBS[group])];
  return { allowed: path.startsWith('/fluxd/api/') && verbs.some((each) => each?.includes(verb)) };
}
