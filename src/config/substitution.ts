import type { FlagName, FlagValues } from './flags.ts';

/** An object in the namespace of fluxd that has values for variables. */
export interface SubstitutionSource {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
}

/** What variables in manifests stand for. */
export interface SubstitutionConfig {
  /** Later ones win. */
  readonly sources: readonly SubstitutionSource[];
  /** Whether a variable without a value stays as it is written. */
  readonly optional: boolean;
}

const SOURCE = /^(configmap|secret)\/([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)$/;
/** Each is read at each sync. */
const MAX_SOURCES = 20;

/** The flags of substitution; undefined without it. `fail` is called for each that cannot be used. */
export function substitutionConfig(
  values: FlagValues,
  fail: (flag: FlagName, why: string) => void,
): SubstitutionConfig | undefined {
  const given = values['substitute-from'].filter((source) => source !== '');
  const sources = given.flatMap((source): readonly SubstitutionSource[] => {
    const [, kind, name] = SOURCE.exec(source) ?? [];
    if (name !== undefined) return [{ kind: kind === 'secret' ? 'Secret' : 'ConfigMap', name }];
    fail('substitute-from', 'it must list objects as configmap/NAME or secret/NAME');
    return [];
  });
  if (sources.length > MAX_SOURCES) fail('substitute-from', `at most ${MAX_SOURCES} are read`);
  if (values['substitute-optional'] && given.length === 0) fail('substitute-optional', 'it needs --substitute-from');
  return sources.length === 0 ? undefined : { sources, optional: values['substitute-optional'] };
}
