import { FluxError, messageOf } from '../../base/index.ts';
import { type ClusterView, openClusterView } from '../../cluster/port-forward/index.ts';
import type { Session } from '../session.ts';
import { attempt, checkPod, checkRights, checkServer, type DaemonPod } from './cluster-checks.ts';
import { checkDaemon, checkHeld, checkRegistries, checkSync, TROUBLE } from './daemon-checks.ts';
import { type Finding, fail, warn } from './finding.ts';
import type { InUse } from './flux-v1-daemon.ts';
import { gitFinding, withoutRepeated } from './git-check.ts';
import { checkLeftovers } from './leftovers.ts';
import { checkWriters } from './writers.ts';

/** All findings, in the order in which somebody would mend them: the cluster, the daemon in it, what the daemon reaches. */
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
      yield* await attempt('pod', 'You need the right to list pods there.', async () => {
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

const UNREACHABLE = 'Try kubectl version with the same --context: address, credentials, proxy and certificate must be right.';
const MAY_NOT_ASK = 'You may not ask what others may do (create subjectaccessreviews); ask somebody who may.';
const MAY_NOT_LOOK =
  'You need the right to list Deployments, Secrets and other kinds in all namespaces; ask somebody who has it.';

/** Without a cluster there is no port-forward; a daemon at --url needs none. */
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

/** What the error itself advises: the daemon and the way to it know best. */
function adviceOr(otherwise: string): (error: unknown) => string {
  return (error) => {
    if (!(error instanceof FluxError) || error.help === undefined) return otherwise;
    // The help of the API begins with what the message says already.
    const [first = '', ...others] = error.help.trim().split('\n\n');
    return (error.message.endsWith(first) ? others.join('\n\n') : error.help).trim() || otherwise;
  };
}

const NO_ANSWER = 'It does not answer: see the log of fluxd, and whether --url, --token and --k8s-fwd-ns are right.';

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
  const asked = adviceOr('The log of fluxd says more.');
  let repository = { status: '', errors: '' };
  const states = client.objectStates({ states: TROUBLE });
  const git = async () => {
    const config = await client.gitRepoConfig({ regenerateKey: false });
    if (config.remote.url !== '') inUse = { ...inUse, source: config.remote };
    const known = await states.catch(() => undefined); // told by the check of the sync
    repository = config;
    return [gitFinding(config, known?.failure)];
  };
  const rest = [
    attempt('git', asked, git, 'fail'),
    attempt('git', asked, () => checkWriters(client)),
    attempt('sync', asked, async () => checkSync(client, await states)),
    attempt('gc', asked, () => checkHeld(client)),
    attempt('registries', asked, () => checkRegistries(client)),
  ];
  const others = (await Promise.all(rest)).flat();
  return { inUse, findings: withoutRepeated([...reached, ...others], repository) };
}
