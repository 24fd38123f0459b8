import * as z from 'zod';
import type { UserIdentity } from '../../resource/index.ts';
import { refused } from './refusal.ts';

/** What names and groups of a provider begin with in Kubernetes, so that they are not mistaken for others. */
export interface IdentityPrefixes {
  readonly username: string;
  readonly groups: string;
}

/** The prefix of names that Kubernetes gives itself, such as the group `system:masters`. */
const RESERVED = 'system:';
/** Entra ID, which lists most, stops at 200. */
const MAX_GROUPS = 500;
const MAX_GROUP_LENGTH = 256;

// OpenID Connect Core 1.0, section 2: at most 255 ASCII characters.
const Subject = z.string().regex(/^[\x20-\x7e]{1,255}$/);
const Group = z
  .string()
  .min(1)
  .max(MAX_GROUP_LENGTH)
  .regex(/^\P{C}+$/u);
const Groups = z.union([z.array(Group).max(MAX_GROUPS), Group.transform((group) => [group])]).optional();

/**
 * The user of Kubernetes whom the claims of a verified ID token stand for: `sub` and `groups`, each after its prefix, as an API server
 * with such prefixes reads them. One name that is empty or reserved refuses the sign-in as a whole.
 * @throws FluxError `oidc/refused`
 */
export function identityOf(
  { sub, groups }: { readonly sub?: unknown; readonly groups?: unknown },
  prefixes: IdentityPrefixes,
): UserIdentity {
  const subject = Subject.safeParse(sub);
  if (!subject.success) throw refused('the ID token names no user: its claim sub is missing, empty or not a name', CLAIMS_HELP);
  const names = Groups.safeParse(groups);
  if (!names.success)
    throw refused(
      `the claim groups of the ID token is not a list of at most ${MAX_GROUPS} names of up to ${MAX_GROUP_LENGTH} characters`,
      CLAIMS_HELP,
    );
  const identity = {
    user: prefixes.username + subject.data,
    groups: (names.data ?? []).map((group) => prefixes.groups + group),
  };
  for (const name of [identity.user, ...identity.groups])
    if (name.startsWith(RESERVED))
      throw refused(
        'the ID token has a user or group that begins with "system:", which is reserved for Kubernetes',
        'Choose other values of --ui-oidc-username-prefix and --ui-oidc-groups-prefix, or take this group from the user.',
      );
  return identity;
}

const CLAIMS_HELP = 'Check which claims the provider puts into ID tokens.';
