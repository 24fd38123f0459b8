import type { Act, Cause, PolicyChange, Rehearsed } from './act.ts';
import type { Plan } from './plan.ts';

/** The body of `POST /v9/update-manifests`, as `fluxctl` sends it. */
export interface UpdateRequest {
  readonly type: string;
  readonly cause: { readonly User: string; readonly Message: string };
  readonly spec: object;
}

type Committed = Extract<Act, { readonly type: 'policy' | 'ban' | 'unban' }>;

export function policyRequest(act: Committed, cause: Cause): UpdateRequest {
  return { type: 'policy', cause: causeOf(cause), spec: { [act.id]: policyUpdate(act, cause) } };
}

/** A request that commits nothing, whose result says what the act would do. */
export function dryRunRequest(act: Rehearsed): UpdateRequest {
  const cause = causeOf({ user: '', isKnown: false, message: '' });
  switch (act.type) {
    case 'release-newest':
      return {
        type: 'image',
        cause,
        spec: { ServiceSpecs: [act.id ?? '<all>'], ImageSpec: '<all latest>', Kind: 'plan', Excludes: null, Force: false },
      };
    case 'release':
      return { type: 'containers', cause, spec: containersSpec([{ id: act.id, ...act.update }], 'plan') };
    case 'rollback':
      return { type: 'rollback', cause, spec: { ...rollbackOf(act.id), Kind: 'plan' } };
  }
}

/** A request that commits what a dry run showed, and nothing else. */
export function rehearsedRequest(act: Rehearsed, { updates }: Plan, cause: Cause): UpdateRequest {
  if (act.type !== 'rollback') return { type: 'containers', cause: causeOf(cause), spec: containersSpec(updates, 'execute') };
  const expected = updates.map(wireOf);
  return { type: 'rollback', cause: causeOf(cause), spec: { ...rollbackOf(act.id), Kind: 'execute', Expected: expected } };
}

function containersSpec(updates: Plan['updates'], kind: 'plan' | 'execute'): object {
  const byId = Map.groupBy(updates, ({ id }) => id);
  const specs = Object.fromEntries([...byId].map(([id, each]) => [id, each.map(wireOf)]));
  return {
    Kind: kind,
    ContainerSpecs: specs,
    SkipMismatches: false,
    Force: false,
    ...(kind === 'execute' ? { RequireAll: true } : {}),
  };
}

function rollbackOf(id: string): object {
  return { Workload: id, Container: '', To: '', Force: false };
}

function wireOf({ container, current, target }: Plan['updates'][number]) {
  return { Container: container, Current: current, Target: target };
}

function causeOf({ message, ...by }: Cause) {
  return { User: claimOf(by), Message: message };
}

/** The user that the page has to name. */
export function claimOf({ user, isKnown }: Pick<Cause, 'user' | 'isKnown'>): string {
  return isKnown ? '' : user;
}

/** The policies to add and to remove. */
function policyUpdate(act: Committed, cause: Cause) {
  switch (act.type) {
    case 'ban':
      return { add: { [`ban.${act.container}`]: act.ban }, remove: {} };
    case 'unban':
      return { add: {}, remove: { [`ban.${act.container}`]: act.ban } };
    case 'policy':
      return changeOf(act.change, cause);
  }
}

function changeOf(change: PolicyChange, { user, message }: Cause) {
  switch (change) {
    case 'automate':
      return { add: { automated: 'true' }, remove: {} };
    case 'deautomate':
      return { add: {}, remove: { automated: 'true' } };
    case 'lock':
      return { add: { locked: 'true', ...(user === '' ? {} : { locked_user: user, locked_msg: message }) }, remove: {} };
    case 'unlock':
      return { add: {}, remove: { locked: 'true', locked_msg: 'true', locked_user: 'true' } };
  }
}
