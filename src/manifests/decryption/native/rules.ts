import { compileRegexp } from '../../../policy/index.ts';
import type { Metadata } from '../metadata.ts';

/** Whether the value at a path of keys is encrypted. */
export type IsEncrypted = (path: readonly string[]) => boolean;

/** The rule of a file (sops.go, `shouldBeEncrypted`); undefined if it depends on comments, or is an expression that is not used here. */
export function ruleOf({ rules }: Pick<Metadata, 'rules'>): IsEncrypted | undefined {
  if (Object.keys(rules).length > 1) return undefined;
  if (rules.encrypted_suffix !== undefined) return someKey(endsWith(rules.encrypted_suffix));
  if (rules.encrypted_regex !== undefined) return matching(rules.encrypted_regex, (is) => someKey(is));
  if (rules.unencrypted_regex !== undefined) return matching(rules.unencrypted_regex, (is) => noKey(is));
  if (rules.encrypted_comment_regex !== undefined || rules.unencrypted_comment_regex !== undefined) return undefined;
  return noKey(endsWith(rules.unencrypted_suffix ?? '_unencrypted'));
}

const someKey =
  (is: (key: string) => boolean): IsEncrypted =>
  (path) =>
    path.some(is);
const noKey =
  (is: (key: string) => boolean): IsEncrypted =>
  (path) =>
    !path.some(is);
const endsWith = (suffix: string) => (key: string) => key.endsWith(suffix);

function matching(body: string, rule: (is: (key: string) => boolean) => IsEncrypted): IsEncrypted | undefined {
  const regexp = compileRegexp(body);
  return 'problem' in regexp ? undefined : rule((key) => regexp.matcher(key).find());
}
