import { cut, FluxError } from '../base/index.ts';
import { type Ban, formatBans, parseBans, withBans, withoutBans } from './ban.ts';
import { containerOf, tagPolicy } from './container-policy.ts';
import { parseMinAge } from './min-age.ts';
import { parsePin } from './policies.ts';
import { parseSignaturePolicy } from './signature-policy.ts';
import { parseTagOrder } from './tag-order.ts';
import { parseTagPattern } from './tag-pattern.ts';

/** A change of one workload's policies, with names without prefix, as clients send it. */
export interface PolicyUpdate {
  readonly add: Readonly<Record<string, string>> | null;
  readonly remove: Readonly<Record<string, string>> | null;
}

/**
 * The policies that a change sets, sorted by name; an empty value removes the policy. `tag_all` stands for `tag.<container>` of every
 * container and overrides it; `tag_all: glob:*` removes the patterns, since without one every tag matches. A policy that is both added
 * and removed is removed. (All as in Flux v1.) Only bans accumulate: those added join the existing ones, and those removed leave them,
 * unless the value is `true`, which removes all.
 * @throws FluxError `policy/bad-tag-pattern`, `policy/bad-order`, `policy/bad-min-age`, `policy/bad-pin`, `policy/bad-verify`, `policy/bad-ban`.
 */
export function policyChanges(
  { add, remove }: PolicyUpdate,
  containers: readonly { readonly name: string }[],
  existing: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const changes = new Map(Object.entries(add ?? {}));
  const forAll = changes.get('tag_all');
  changes.delete('tag_all');
  if (forAll !== undefined) {
    const wantsEvery = parseTagPattern(forAll).text === 'glob:*';
    for (const { name } of containers) changes.set(tagPolicy(name), wantsEvery ? '' : forAll);
    if (containers.length === 0) refuseInvalid(forAll);
  }
  for (const [name, value] of changes) {
    const kind = containerOf(name)?.kind;
    if (kind === 'tag') refuseInvalid(value);
    if (kind === 'order' && value !== '') refuseInvalidOrder(value);
    if ((kind === 'min-age' || name === 'min-age') && value !== '') refuseInvalidAge(value);
    if (kind === 'pin' && value !== '') refuseInvalidPin(value);
    if (kind === 'verify' && value !== '') refuseInvalidVerify(value);
    if (kind === 'ban' && value !== '') changes.set(name, formatBans(withBans(bansIn(existing.get(name) ?? ''), bansIn(value))));
  }
  for (const [name, value] of Object.entries(remove ?? {})) {
    if (name === 'tag_all') continue;
    const lifts = containerOf(name)?.kind === 'ban' && value !== 'true';
    const bans = changes.get(name) ?? existing.get(name) ?? '';
    changes.set(name, lifts ? formatBans(withoutBans(bansIn(bans), bansIn(value))) : '');
  }
  return new Map([...changes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function refuseInvalid(value: string): void {
  const { valid, problem } = parseTagPattern(value);
  if (valid) return;
  throw new FluxError(`invalid tag pattern: ${JSON.stringify(value)}`, {
    code: 'policy/bad-tag-pattern',
    fault: 'user',
    help: `The pattern ${problem}. Patterns are glob:1.*, semver:~1.2 or regexp:^v1\\. (Go's regular expressions); without a prefix it is a glob.`,
  });
}

function refuseInvalidOrder(value: string): void {
  const order = parseTagOrder(value);
  if (!('problem' in order)) return;
  throw new FluxError(`invalid order: ${JSON.stringify(value)}`, {
    code: 'policy/bad-order',
    fault: 'user',
    help: `It ${order.problem}. Orders are numeric:^main-[0-9a-f]+-(\\d+)$ or alphabetical:^RELEASE\\.(.*)Z$: tags are compared by the first group of the expression.`,
  });
}

function refuseInvalidAge(value: string): void {
  const { problem } = parseMinAge(value);
  if (problem === undefined) return;
  throw new FluxError(`invalid minimum age: ${JSON.stringify(cut(value))}`, {
    code: 'policy/bad-min-age',
    fault: 'user',
    help: `It ${problem}.`,
  });
}

function refuseInvalidPin(value: string): void {
  if (parsePin(value) !== undefined) return;
  throw new FluxError(`invalid pin: ${JSON.stringify(cut(value))}`, {
    code: 'policy/bad-pin',
    fault: 'user',
    help: 'It is "true", to pin the image to the digest of its tag, or "false".',
  });
}

function refuseInvalidVerify(value: string): void {
  const policy = parseSignaturePolicy(value);
  if (!('problem' in policy)) return;
  throw new FluxError(`invalid signature policy: ${JSON.stringify(cut(value))}`, {
    code: 'policy/bad-verify',
    fault: 'user',
    help: `It ${policy.problem}.`,
  });
}

/** @throws FluxError `policy/bad-ban`, also for existing bans that are invalid, since they must not be lost. */
function bansIn(text: string): readonly Ban[] {
  const { bans, problem } = parseBans(text);
  if (problem === undefined) return bans;
  throw new FluxError(`invalid ban: ${JSON.stringify(cut(text))}`, {
    code: 'policy/bad-ban',
    fault: 'user',
    help: `The text ${problem}. Example: 1.3.0, @sha256:… If it is the annotation in Git, correct it there.`,
  });
}
