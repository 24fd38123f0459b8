import type { ClusterView } from '../../cluster/port-forward/index.ts';
import { FLAGS, type Trial, tryArguments } from '../../config/index.ts';
import { attempt } from './cluster-checks.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** A Deployment of Flux v1, or of a component that it installed. */
export interface LeftDeployment {
  readonly name: string;
  readonly namespace: string;
  readonly replicas: number;
  readonly image: string;
  readonly args: readonly string[];
}

/** What a daemon syncs, as reported by its API. */
export interface SourceName {
  readonly url: string;
  readonly branch: string;
  readonly path: string;
}

/** The connected daemon. */
export interface InUse {
  /** The daemon is Flux v1 itself: the findings are what an upgrade would encounter. */
  readonly isFlux1: boolean;
  /** Undefined if the daemon could not be queried. */
  readonly source?: SourceName | undefined;
}

const CHECK = 'leftovers';
const MAY_NOT_LOOK = 'You may not list Secrets there; ask a cluster administrator.';
const GUIDE = 'docs/migrate-from-flux-v1.md';

/** Findings about a Deployment of Flux v1, its arguments and its Secret. */
export async function flux1Findings(cluster: ClusterView, found: LeftDeployment, inUse: InUse): Promise<readonly Finding[]> {
  const trial = tryArguments(found.args);
  return [
    presence(found, trial, inUse),
    ...argumentFindings(found, trial),
    ...(await attempt(CHECK, MAY_NOT_LOOK, () => keyFindings(cluster, found))),
  ];
}

function presence({ name, namespace, replicas, image }: LeftDeployment, { config }: Trial, { isFlux1, source }: InUse): Finding {
  const where = `${namespace}:deployment/${name} (${image})`;
  const scale = `kubectl -n ${namespace} scale deployment ${name} --replicas=0`;
  if (replicas === 0)
    return warn(
      CHECK,
      `Flux v1 is switched off: ${where}`,
      `It is idle. If you do not plan to go back, run kubectl -n ${namespace} delete deployment ${name}; helm uninstall would also delete the deploy key.`,
    );
  if (isFlux1) return ok(CHECK, `Flux v1 runs: ${where}; to replace it with this fluxd, see ${GUIDE}`);
  const [{ url, branch, paths, syncTag }] = config.sources;
  const theirs = { url, branch, path: paths.join(',') };
  if (source && theirs.url !== '' && !isSame(source, theirs))
    return warn(
      CHECK,
      `Flux v1 runs for another repository, branch or path: ${where}`,
      'This is safe as long as no object is in both: each marks its objects with its own source.',
    );
  return fail(
    CHECK,
    `Flux v1 runs beside this fluxd: ${where}`,
    `Both apply every object and move the tag ${syncTag}, and Flux v1 does not honour the Lease. Switch it off: ${scale}`,
  );
}

function isSame(ours: SourceName, theirs: SourceName): boolean {
  return repositoryOf(ours.url) === repositoryOf(theirs.url) && ours.branch === theirs.branch && ours.path === theirs.path;
}

/** Host and path of a Git URL, without user and scheme: `git@h:o/r.git` and `ssh://git@h/o/r` are the same repository. */
function repositoryOf(url: string): string {
  return url
    .replace(/^[a-z+]+:\/\//, '')
    .replace(/^[^/@]*@/, '')
    .replace(/^([^/:]+):(?!\d+\/)/, '$1/')
    .replace(/\/+/g, '/')
    .replace(/(\.git)?\/?$/, '');
}

function argumentFindings({ name, namespace }: LeftDeployment, { problems, idle }: Trial): readonly Finding[] {
  const whose = `the arguments of ${namespace}:deployment/${name}`;
  const stops = problems.map((problem) => warn(CHECK, `${whose} would stop fluxd: ${problem}`, `For alternatives see ${GUIDE}`));
  if (idle.length === 0) return stops;
  const reasons = [...new Set(idle.map(({ why }) => why))].join('; ');
  const named = idle.map(({ flag }) => `--${flag}`).join(', ');
  return [...stops, ok(CHECK, `${whose} that fluxd accepts and ignores: ${named} (${reasons})`)];
}

/** The annotation with the last synced revision under `--sync-state=secret`. */
const HIGH_WATER_MARK = 'flux.weave.works/sync-hwm';
const SECRETS = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets' };

async function keyFindings(cluster: ClusterView, { namespace, args }: LeftDeployment): Promise<readonly Finding[]> {
  const name = args.findLast((argument) => argument.startsWith('--k8s-secret-name='))?.slice('--k8s-secret-name='.length);
  const wanted = name ?? FLAGS['k8s-secret-name'].default;
  const [secret] = await cluster.metadata(SECRETS, { namespace, fieldSelector: `metadata.name=${wanted}` });
  if (!secret) return [];
  const where = `${namespace}:secret/${wanted}`;
  const key = ok(CHECK, `the deploy key in ${where} can be used unchanged, mounted where Flux v1 has it`);
  const mark = secret.annotations?.[HIGH_WATER_MARK];
  if (!mark) return [key];
  const help = 'fluxd records the synced revision only in the Git tag and ignores this one; it runs with --sync-state=git.';
  return [
    key,
    warn(CHECK, `${where} records ${mark.slice(0, 7)} as the last revision synced by Flux v1 (--sync-state=secret)`, help),
  ];
}
