import { z } from 'zod';
import { parseSignaturePolicy } from '../../policy/index.ts';
import { parsedJson } from '../parsed-json.ts';
import type { Verified } from '../signatures/checks.ts';
import type { BasisOf } from '../signatures/verifier.ts';

/** Only so many are remembered of a repository, the latest: few images are chosen from. */
const MAX_REMEMBERED = 500;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Policy = z.object({ policy: z.string(), basis: z.string(), digests: z.array(Digest) });
const Policies = z.array(Policy);

/** The text of an entry with images whose signatures were verified, the latest first, and by what. */
export function encodeVerified(verified: readonly Verified[], basisOf: BasisOf): string {
  const byPolicy = Map.groupBy(verified.slice(0, MAX_REMEMBERED), ({ policy }) => policy);
  const policies = [...byPolicy].flatMap(([policy, some]): z.infer<typeof Policies> => {
    const basis = basisOfText(policy, basisOf);
    return basis === undefined ? [] : [{ policy, basis, digests: some.map(({ digest }) => digest) }];
  });
  return JSON.stringify(policies);
}

/** What a text says that this fluxd would verify by the same; nothing if it is something else. */
export function decodeVerified(text: string | undefined, basisOf: BasisOf): readonly Verified[] {
  const policies = Policies.safeParse(parsedJson(text)).data ?? [];
  return policies.flatMap(({ policy, basis, digests }) =>
    basis === basisOfText(policy, basisOf) ? digests.map((digest) => ({ digest, policy })) : [],
  );
}

function basisOfText(text: string, basisOf: BasisOf): string | undefined {
  const policy = parseSignaturePolicy(text);
  return 'problem' in policy ? undefined : basisOf(policy);
}
