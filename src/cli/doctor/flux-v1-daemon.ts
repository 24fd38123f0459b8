import type { ClusterView } from '../../cluster/port-forward/index.ts';
import { FLAGS, type Trial, tryArguments } from '../../config/index.ts';
import { attempt } from './cluster-checks.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** A Deployment of Flux v1, or of what it brought along. */
export interface LeftDeployment {
  readonly name: string;
  readonly namespace: string;
  readonly replicas: number;
  readonly image: string;
  readonly args: readonly string[];
}

/** What a daemon syncs, as its API tells it. */
export interface SourceName {
  readonly url: string;
  readonly branch: string;
  readonly path: string;
}

/** What the daemon in use is. */
export interface InUse {
  /** It is a Flux v1 itself: what is found is what an upgrade would meet. */
  readonly isFlux1: boolean;
  /** Undefined where it could not be asked. */
  readonly source?: SourceName | undefined;
}

const CHECK = 'leftovers';
const MAY_NOT_LOOK = 'You may not list Secrets there; ask somebody who may.';
const GUIDE = 'docs/migrate-from-flux-v1.md';

/** What there is to say of a Deployment that runs a Flux v1, and of the arguments and the Secret that it has. */
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
      `It does nothing. When you do not mean to go back, run kubectl -n ${namespace} delete deployment ${name}; a helm uninstall would take the deploy key along.`,
    );
  if (isFlux1) return ok(CHECK, `Flux v1 runs: ${where}; how to put this fluxd in its place: ${GUIDE}`);
  const theirs = { url: config.gitUrl, branch: config.gitBranch, path: config.gitPaths.join(',') };
  if (source && theirs.url !== '' && !isSame(source, theirs))
    return warn(
      CHECK,
      `Flux v1 runs for another repository, branch or path: ${where}`,
      'That is well as long as no object is in both: each marks what it applies by its own source.',
    );
  return fail(
    CHECK,
    `Flux v1 runs beside this fluxd: ${where}`,
    `Both apply every object and move the tag ${config.gitSyncTag}, and a Flux v1 knows of no Lease. Switch it off: ${scale}`,
  );
}

function isSame(ours: SourceName, theirs: SourceName): boolean {
  return repositoryOf(ours.url) === repositoryOf(theirs.url) && ours.branch === theirs.branch && ours.path === theirs.path;
}

/** Host and path of a Git URL in either of its forms, whoever reads it: `git@h:o/r.git` and `ssh://git@h/o/r` are one repository. */
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
  const stops = problems.map((problem) =>
    warn(CHECK, `${whose} would stop fluxd: ${problem}`, `What to do without it: ${GUIDE}`),
  );
  if (idle.length === 0) return stops;
  const reasons = [...new Set(idle.flatMap((flag) => ('note' in FLAGS[flag] ? [FLAGS[flag].note] : [])))].join('; ');
  const named = idle.map((flag) => `--${flag}`).join(', ');
  return [...stops, ok(CHECK, `${whose} that fluxd takes and does not need: ${named} (${reasons})`)];
}

/** The annotation in which `--sync-state=secret` keeps the revision that was synced last. */
const HIGH_WATER_MARK = 'flux.weave.works/sync-hwm';
const SECRETS = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets' };

async function keyFindings(cluster: ClusterView, { namespace, args }: LeftDeployment): Promise<readonly Finding[]> {
  const name = args.findLast((argument) => argument.startsWith('--k8s-secret-name='))?.slice('--k8s-secret-name='.length);
  const wanted = name ?? FLAGS['k8s-secret-name'].default;
  const [secret] = await cluster.metadata(SECRETS, { namespace, fieldSelector: `metadata.name=${wanted}` });
  if (!secret) return [];
  const where = `${namespace}:secret/${wanted}`;
  const key = ok(CHECK, `the deploy key in ${where} is used as it is, mounted where Flux v1 has it`);
  const mark = secret.annotations?.[HIGH_WATER_MARK];
  if (!mark) return [key];
  const help = 'fluxd marks what it synced by the tag in Git only and does not read this; it starts with --sync-state=git.';
  return [key, warn(CHECK, `${where} says that Flux v1 synced ${mark.slice(0, 7)} last (--sync-state=secret)`, help)];
}
