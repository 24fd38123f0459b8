/**
 * Policies of workloads. A *policy* is an annotation in the manifest: `automated`, `locked`, `ignore`, or, for a container, a *tag
 * pattern*, *bans*, a *minimum age* or a *signature
 * policy*. A pattern (glob, semver or regexp) selects tags and, by its kind, defines which tag is newer. Pure functions from
 * annotations and tags to decisions.
 */
export { annotationKeyFor, policiesOf } from './annotation.ts';
export { type Ban, type Bans, banOf, formatBan, needsDigests } from './ban.ts';
export { banOfReplaced } from './ban-replaced.ts';
export { type PolicyUpdate, policyChanges } from './change.ts';
export { type ContainerPolicyKind, containerOf, containerPolicy, tagPolicy } from './container-policy.ts';
export { type MinAge, minAgeFor, NO_MIN_AGE, parseMinAge } from './min-age.ts';
export { isNewer, newest, newestOf, sortImages, type TaggedImage } from './order.ts';
export { type BooleanPolicy, bansFor, hasPolicy, type Policies, pinFor, tagPatternFor } from './policies.ts';
export { compileRegexp } from './regexp.ts';
export {
  NO_SIGNATURE_DEMANDS,
  parseSignaturePolicy,
  parseSignatureRule,
  type SignatureDemands,
  type SignaturePolicy,
  type SignatureQuestion,
  type SignatureRule,
  signaturePoliciesFor,
  type UrgentQuestions,
  whyUnusable,
} from './signature-policy.ts';
export { parseTagPattern, type TagPattern } from './tag-pattern.ts';
export { isExactVersion, newestVersion, parseVersionRange, type VersionRange } from './version-range.ts';
