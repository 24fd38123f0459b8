import type { ApiClient, SourceWire } from '../../api/client/index.ts';
import { FluxError, messageOf } from '../../base/index.ts';
import { type ClusterView, openClusterView } from '../../cluster/port-forward/index.ts';
import type { Session } from '../session.ts';
import { attempt, checkPod, checkRights, checkServer, type DaemonPod } from './cluster-checks.ts';
import { checkDaemon, checkHeld, checkRegistries, checkSync, TROUBLE } from './daemon-checks.ts';
import { type Finding, fail, warn } from './finding.ts';
import type { InUse } from './flux-v1-daemon.ts';
import { gitFinding, sourceFinding, withoutRepeated } from './git-check.ts';
import { checkLeftovers } from './leftovers.ts';
import { checkSandbox } from './sandbox-check.ts';
import { checkWriters } from './writers.ts';

/** All findings, in the order to fix them: the cluster, the daemon, the systems that the daemon uses. */
export async function* examine(session: Session): AsyncGenerator<Finding> {
  const now = () => session.clock.now();
  const { cluster, findings } = await openCluster(session);
  yield* findings;
  try {
    let reachable = cluster !== undefined;
    let pod: DaemonPod | undefined;
    if (cluster) {
      const server = await attempt('cluster', UNREACHABLE, () => checkServer(cluster, now), levelOf(session));
      reachable = !(server.length === 1 && server[0]?.help === UNREACHABLE);
      yield* server;
    }
    const { daemonPod } = session;
    if (cluster && reachable && daemonPod) {
      yield* await attempt('pod', 'Ask for the right to list pods there.', async () => {
        const looked = await checkPod(cluster, daemonPod);
        pod = looked.pod;
        return looked.findings;
      });
      const found = pod;
      if (found) yield* await attempt('rights', MAY_NOT_ASK, () => checkRights(cluster, found));
    }
    let inUse: InUse = { isFlux1: false };
    if (session.daemonPod === undefined || pod) {
      const daemon = await daemonFindings(session);
      inUse = daemon.inUse;
      yield* daemon.findings;
    }
    if (cluster && reachable) yield* await attempt('leftovers', MAY_NOT_LOOK, () => checkLeftovers(cluster, inUse));
  } finally {
    cluster?.close();
  }
}

const UNREACHABLE = 'Run kubectl version with the same --context to check address, credentials, proxy and certificate.';
const MAY_NOT_ASK = 'Checking the rights of others needs the right to create subjectaccessreviews; ask a cluster administrator.';
const MAY_NOT_LOOK =
  'This needs the right to list Deployments, Secrets and other kinds in all namespaces; ask a cluster administrator.';

/** A port-forward needs the cluster; a daemon at --url does not. */
function levelOf({ daemonPod }: Session): 'warn' | 'fail' {
  return daemonPod ? 'fail' : 'warn';
}

async function openCluster(session: Session): Promise<{ readonly cluster?: ClusterView; readonly findings: readonly Finding[] }> {
  try {
    return { cluster: await openClusterView(session.kubeconfig), findings: [] };
  } catch (error) {
    const help = (error instanceof FluxError ? error.help : undefined) ?? 'Set KUBECONFIG or --context.';
    return { findings: [(levelOf(session) === 'fail' ? fail : warn)('kubeconfig', messageOf(error), help)] };
  }
}

/** The help of the error itself, which is more specific, or else `help`. */
function adviceOr(otherwise: string): (error: unknown) => string {
  return (error) => {
    if (!(error instanceof FluxError) || error.help === undefined) return otherwise;
    // The help from the API begins with the message.
    const [first = '', ...others] = error.help.trim().split('\n\n');
    return (error.message.endsWith(first) ? others.join('\n\n') : error.help).trim() || otherwise;
  };
}

const NO_ANSWER = 'fluxd does not answer: see its log, and check --url, --token and --k8s-fwd-ns.';

async function daemonFindings(session: Session): Promise<{ readonly inUse: InUse; readonly findings: readonly Finding[] }> {
  let inUse: InUse = { isFlux1: false };
  const now = () => session.clock.now();
  const reached = await attempt(
    'daemon',
    adviceOr(NO_ANSWER),
    async () => {
      const daemon = await checkDaemon(await session.client(), { version: session.version, now });
      inUse = { isFlux1: daemon.isFlux1 };
      return daemon.findings;
    },
    'fail',
  );
  if (reached.length === 1 && reached[0]?.level === 'fail') return { inUse, findings: reached };
  const client = await session.client();
  const asked = adviceOr('See the log of fluxd.');
  let repository = { status: '', errors: '' };
  const several = await client.sources().catch(() => undefined); // reported by the other checks
  const states = client.objectStates({ states: TROUBLE });
  const git = async () => {
    const config = await client.gitRepoConfig({ regenerateKey: false });
    if (config.remote.url !== '') inUse = { ...inUse, source: config.remote };
    if (several) return several.map(sourceFinding);
    const known = await states.catch(() => undefined); // reported by the sync check
    repository = config;
    return [gitFinding(config, known?.failure)];
  };
  const rest = [
    attempt('git', asked, git, 'fail'),
    ...(several ?? [undefined]).map((source) => attempt('git', asked, () => writersOf(client, source))),
    attempt('sync', asked, async () => checkSync(client, await states)),
    attempt('gc', asked, () => checkHeld(client)),
    attempt('sandbox', asked, () => checkSandbox(client)),
    attempt('registries', asked, () => checkRegistries(client)),
  ];
  const others = (await Promise.all(rest)).flat();
  return { inUse, findings: withoutRepeated([...reached, ...others], repository) };
}

/** Of one of several sources, or of the only one. A source that is not ready has a finding already. */
async function writersOf(client: ApiClient, source: SourceWire | undefined): Promise<readonly Finding[]> {
  if (source === undefined) return checkWriters(client);
  if (source.status !== 'ready') return [];
  const findings = await checkWriters(client.of(source.name));
  return findings.map((finding) => ({ ...finding, message: `source ${source.name}: ${finding.message}` }));
}
