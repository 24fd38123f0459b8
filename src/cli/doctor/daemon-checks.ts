import type { ApiClient, ListedWorkload, ObjectStatesWire } from '../../api/client/index.ts';
import { placeText, whyText } from '../sync-summary.ts';
import { clockFinding } from './clock.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Checks that the daemon answers, and that its version matches ours. */
export async function checkDaemon(
  client: ApiClient,
  { version, now }: { readonly version: string; readonly now: () => number },
): Promise<{ readonly isFlux1: boolean; readonly findings: readonly Finding[] }> {
  const timeMs = await client.ping();
  const theirs = await client.version();
  const ready = await client.readiness();
  // Flux v1 does not have this route.
  const isFlux1 = ready === undefined;
  const findings = [
    isFlux1 ? flux1Finding(theirs) : versionFinding(theirs, version),
    ...(ready?.ready === false ? [fail('daemon', ready.reason, 'See the log of fluxd for the error.')] : []),
    ...(Number.isNaN(timeMs) ? [] : [clockFinding('the daemon', timeMs, now())]),
  ];
  return { isFlux1, findings };
}

function flux1Finding(version: string): Finding {
  return warn(
    'daemon',
    `fluxd ${version} is a Flux v1`,
    'The commands of Flux v1 work; diff, gc, sync --wait and errors for each object need this project’s fluxd.',
  );
}

function versionFinding(theirs: string, ours: string): Finding {
  const minor = (version: string) => version.split('.').slice(0, 2).join('.');
  if (minor(theirs) === minor(ours)) return ok('daemon', `fluxd ${theirs} answers`);
  return warn('daemon', `fluxd is ${theirs}, fluxctl is ${ours}`, 'Use versions with the same major and minor number.');
}

/** Checks that all objects of the last sync are applied. */
export async function checkSync(client: ApiClient, states: ObjectStatesWire | undefined): Promise<readonly Finding[]> {
  return states ? stateFindings(states) : [applyFinding(await client.listWorkloads({ namespace: '' }))];
}

/** Held deletions are reported by `checkHeld`. */
export const TROUBLE = ['failed', 'refused', 'held'];

export const NOT_SYNCED = 'nothing has been synced yet';

function stateFindings({ revision, syncedAt, failure, objects }: ObjectStatesWire): readonly Finding[] {
  if (failure) return [fail('sync', `sync failed: ${failure.message}`, failure.help ?? 'See the log of fluxd.')];
  if (revision === undefined)
    return [warn('sync', NOT_SYNCED, 'The first sync starts as soon as fluxd has read the repository.')];
  const last = `revision ${revision.slice(0, 7)}${syncedAt === undefined ? '' : `, synced at ${syncedAt.replace(/\.\d+Z$/, 'Z')}`}`;
  if (objects.length === 0) return [ok('sync', `all objects of ${last} are applied`)];
  return [...Map.groupBy(objects, ({ state }) => state)].map(([state, each]) => {
    const [first] = each;
    const where = placeText({
      file: first?.place?.file,
      unit: first?.place?.unit,
      line: first?.place?.line,
      source: first?.source,
    });
    const why = whyText({ reason: first?.reason, error: first?.error });
    const example = [first?.id ?? '', where, why].filter((text) => text !== '').join(': ');
    return warn(
      'sync',
      `${each.length} ${state} at ${last}${each.length > 1 ? ', such as' : ':'} ${example}`,
      [first?.error?.help, 'Run fluxctl status to list all.'].filter((text) => text !== undefined).join(' '),
    );
  });
}

/** The same as far as Flux v1 reports it. */
function applyFinding(workloads: readonly ListedWorkload[]): Finding {
  const failed = workloads.filter(({ SyncError }) => typeof SyncError === 'string' && SyncError !== '');
  if (failed.length === 0) return ok('sync', `${counted(workloads.length, 'workload')} without an error`);
  return warn(
    'sync',
    `${failed.length} of ${counted(workloads.length, 'workload')} could not be applied: ${failed[0]?.ID}`,
    'See the log of fluxd for the reason.',
  );
}

/** Deletions that wait for approval. */
export async function checkHeld(client: ApiClient): Promise<readonly Finding[]> {
  const held = await client.heldDeletions();
  if (!held || held.deletions.length === 0) return [];
  return [
    warn('gc', `${counted(held.deletions.length, 'deletion')} held`, 'Run fluxctl gc to see why, and how to approve them.'),
  ];
}

/** Image metadata of running workloads, with a finding for each distinct error. */
export async function checkRegistries(client: ApiClient): Promise<readonly Finding[]> {
  const [workloads, scans] = await Promise.all([
    client.listImages({ namespace: '', spec: '<all>' }),
    client.imageScans({ limit: 1 }),
  ]);
  if (scans?.disabled) return [ok('registries', 'registries are not scanned: fluxd runs with --registry-disable-scanning')];
  const containers = workloads.flatMap(({ ID, Containers }) => (Containers ?? []).map((container) => ({ ID, ...container })));
  const failed = containers.filter(({ AvailableError }) => AvailableError);
  if (failed.length > 0) {
    const groups = [...Map.groupBy(failed, ({ AvailableError = '' }) => AvailableError)];
    const help =
      'Images are not updated until this is fixed: check the credentials (imagePullSecrets, --docker-config), the network and the image name.';
    return groups.map(([error, each]) =>
      warn('registries', `${each[0]?.ID}${each.length > 1 ? ` and ${each.length - 1} more` : ''}: ${error}`, help),
    );
  }
  const known = containers.filter(({ Available }) => Available?.length);
  if (containers.length > 0 && known.length === 0) {
    const help = 'The first scan takes a minute or two after the start; with --registry-disable-scanning there is none.';
    return [warn('registries', `no image metadata yet for ${counted(containers.length, 'container')}`, help)];
  }
  return [ok('registries', `image metadata for ${known.length} of ${counted(containers.length, 'container')}`)];
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
