import { messageOf, plainPath } from '../base/index.ts';
import type { FlagName, FlagValues } from './flags.ts';
import { faultOfGitPath } from './git-path.ts';
import { type ListenAddress, parseListenAddress } from './listen-address.ts';

/** How folders with a `.flux.yaml` are rendered. */
export interface GenerationConfig {
  /** `required`: commands run only in the sandbox container. */
  readonly sandbox: 'required' | 'best-effort';
  /** Names of the environment variables that commands may see. */
  readonly variables: readonly string[];
  /** Folders whose commands may use the network, without `.` and `..`; empty for the root of the repository. */
  readonly networkFolders: readonly string[];
  /** Where the sandbox with network listens. */
  readonly networkAddress?: ListenAddress;
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
  const networkFolders = values['generation-network'].filter((path) => path !== '').map(plainPath);
  for (const path of values['generation-network'])
    if (faultOfGitPath(path)) fail('generation-network', 'it must list folders of the repository');
  const networkAddress = addressOf(values['generation-network-address'], (why) => fail('generation-network-address', why));
  if (!values['manifest-generation']) return undefined;
  return {
    sandbox: sandbox === 'best-effort' ? 'best-effort' : 'required',
    variables,
    networkFolders,
    ...(networkAddress ? { networkAddress } : {}),
  };
}

function addressOf(text: string, fail: (why: string) => void): ListenAddress | undefined {
  if (text === '') return undefined;
  try {
    const address = parseListenAddress(text);
    if (address.host !== '' && address.port > 0) return address;
    fail('expected a host and a port');
  } catch (error) {
    fail(messageOf(error));
  }
  return undefined;
}

/** Why commands cannot be given an environment variable of this name; undefined if they can. */
export function faultOfVariable(name: string): string | undefined {
  if (!/^[A-Za-z_]\w{0,200}$/.test(name)) return 'it must list names of environment variables';
  return RESERVED.test(name) ? `commands have a ${name} of their own` : undefined;
}
