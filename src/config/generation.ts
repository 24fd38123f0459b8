import type { FlagName, FlagValues } from './flags.ts';

/** How folders with a `.flux.yaml` are rendered. */
export interface GenerationConfig {
  /** `required`: commands run only in the sandbox container. */
  readonly sandbox: 'required' | 'best-effort';
  /** Names of the environment variables that commands may see. */
  readonly variables: readonly string[];
}

/** Set by the sandbox, or read by a shell or a linker before the command. */
const RESERVED = /^(?:PATH|HOME|TMPDIR|ENV|BASH_ENV|IFS|LD_.*|FLUX_.*)$/;

/** The flags of manifest generation; undefined without it. `fail` is called for each that cannot be used. */
export function generationConfig(values: FlagValues, fail: (flag: FlagName, why: string) => void): GenerationConfig | undefined {
  const { 'generation-sandbox': sandbox, 'generation-env': named } = values;
  if (sandbox !== 'required' && sandbox !== 'best-effort') fail('generation-sandbox', 'use "required" or "best-effort"');
  const variables = named.filter((name) => name !== '');
  for (const name of variables) {
    const fault = faultOfVariable(name);
    if (fault !== undefined) fail('generation-env', fault);
  }
  if (!values['manifest-generation']) return undefined;
  return { sandbox: sandbox === 'best-effort' ? 'best-effort' : 'required', variables };
}

/** Why commands cannot be given an environment variable of this name; undefined if they can. */
export function faultOfVariable(name: string): string | undefined {
  if (!/^[A-Za-z_]\w{0,200}$/.test(name)) return 'it must list names of environment variables';
  return RESERVED.test(name) ? `commands have a ${name} of their own` : undefined;
}
