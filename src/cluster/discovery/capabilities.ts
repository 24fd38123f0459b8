import { type Clock, FluxError, waitOrAbort } from '../../base/index.ts';
import { type ClusterCapabilities, formatApiVersion } from '../../resource/index.ts';
import { stopped, type Transport } from '../connection/transport.ts';
import type { Directory, Discovery } from './discovery.ts';
import { serverVersion } from './server-version.ts';

interface CapabilitiesOptions {
  readonly transport: Pick<Transport, 'request'>;
  readonly discovery: Pick<Discovery, 'look'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

type KindsByVersion = ReadonlyMap<string, ReadonlySet<string>>;

const MAX_AGE_MS = 300_000;

/**
 * What charts may know of the cluster. A chart renders less where the cluster serves less, and what it does not render is deleted. So
 * there is only a complete answer: kinds of an API version that cannot be discovered are those that it had, and while the API server
 * cannot be asked, the last answer counts. The same answer is the identical object.
 */
export function createCapabilities({ transport, discovery, clock }: CapabilitiesOptions) {
  /** The kinds of each API version, as of the last discovery that could see them. */
  let known: KindsByVersion = new Map();
  let version: { readonly text: string; readonly readAt: number } | undefined;
  let last: ClusterCapabilities | undefined;
  let pending: Promise<ClusterCapabilities> | undefined;

  async function readVersion(): Promise<string> {
    const now = clock.monotonic();
    if (version && now - version.readAt <= MAX_AGE_MS) return version.text;
    const text = await serverVersion(transport);
    version = { text, readAt: now };
    return text;
  }

  /** @throws FluxError `cluster/capabilities-unknown` if the kinds of an API version were never seen. */
  function apiVersionsOf(directory: Directory): readonly string[] {
    const served = kindsByVersion(directory);
    const unseen = new Set(directory.unseen);
    const before = known;
    known = new Map(
      [...new Set([...served.keys(), ...unseen])].flatMap((each) => {
        const kinds = unseen.has(each) ? before.get(each) : served.get(each);
        return kinds ? [[each, kinds]] : [];
      }),
    );
    const unknown = directory.missing.filter((each) => !known.has(each));
    if (unknown.length > 0) throw capabilitiesUnknown(unknown);
    const all = new Set<string>();
    for (const kinds of [served, known])
      for (const [apiVersion, names] of kinds) {
        all.add(apiVersion);
        for (const name of names) all.add(`${apiVersion}/${name}`);
      }
    // Of an excluded one that was never seen, no more is known.
    for (const apiVersion of unseen) all.add(apiVersion);
    return [...all].sort();
  }

  /** Not bound to a caller's signal, since others may wait for it too; each request has its own timeout. */
  async function read(): Promise<ClusterCapabilities> {
    try {
      const [directory, kubeVersion] = await Promise.all([discovery.look(MAX_AGE_MS), readVersion()]);
      const next = { kubeVersion, apiVersions: apiVersionsOf(directory) };
      if (!last || !isSame(last, next)) last = next;
      return last;
    } catch (error) {
      if (last) return last;
      throw error;
    }
  }

  return async (signal?: AbortSignal): Promise<ClusterCapabilities> => {
    pending ??= read().finally(() => {
      pending = undefined;
    });
    try {
      return await waitOrAbort(pending, signal);
    } catch (error) {
      throw stopped(error, signal) ?? error;
    }
  };
}

function kindsByVersion({ all }: Directory): KindsByVersion {
  const kinds = new Map<string, Set<string>>();
  for (const resource of all) {
    const apiVersion = formatApiVersion(resource);
    const names = kinds.get(apiVersion);
    if (names) names.add(resource.kind);
    else kinds.set(apiVersion, new Set([resource.kind]));
  }
  return kinds;
}

function isSame(some: ClusterCapabilities, others: ClusterCapabilities): boolean {
  return (
    some.kubeVersion === others.kubeVersion &&
    some.apiVersions.length === others.apiVersions.length &&
    some.apiVersions.every((each, index) => each === others.apiVersions[index])
  );
}

function capabilitiesUnknown(missing: readonly string[]): FluxError {
  return new FluxError(`kinds of the cluster are not known: ${missing.join(', ')}`, {
    code: 'cluster/capabilities-unknown',
    help: `The API server serves ${missing.join(', ')}, but does not list its kinds: see kubectl get apiservices. A chart that is rendered now could lack objects. It is tried again.`,
  });
}
