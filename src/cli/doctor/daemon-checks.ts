import type { ApiClient, ListedWorkload, ObjectStatesWire } from '../../api/client/index.ts';
import { placeText, whyText } from '../sync-summary.ts';
import { clockFinding } from './clock.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Whether the daemon answers, and is of our age. */
export async function checkDaemon(
  client: ApiClient,
  { version, now }: { readonly version: string; readonly now: () => number },
): Promise<{ readonly isFlux1: boolean; readonly findings: readonly Finding[] }> {
  const timeMs = await client.ping();
  const theirs = await client.version();
  const ready = await client.readiness();
  // Only our own daemon has this route.
  const isFlux1 = ready === undefined;
  const findings = [
    isFlux1 ? flux1Finding(theirs) : versionFinding(theirs, version),
    ...(ready?.ready === false ? [fail('daemon', ready.reason, 'It says so as long as it lasts; its log has the error.')] : []),
    ...(Number.isNaN(timeMs) ? [] : [clockFinding('the daemon', timeMs, now())]),
  ];
  return { isFlux1, findings };
}

function flux1Finding(version: string): Finding {
  return warn(
    'daemon',
    `fluxd ${version} is a Flux v1`,
    'What Flux v1 has works; diff, gc, sync --wait and errors object by object need this project’s fluxd.',
  );
}

function versionFinding(theirs: string, ours: string): Finding {
  const minor = (version: string) => version.split('.').slice(0, 2).join('.');
  if (minor(theirs) === minor(ours)) return ok('daemon', `fluxd ${theirs} answers`);
  return warn('daemon', `fluxd is ${theirs}, fluxctl is ${ours}`, 'Use versions that differ in the last number at most.');
}

/** Whether everything of the last sync is applied. */
export async function checkSync(client: ApiClient, states: ObjectStatesWire | undefined): Promise<readonly Finding[]> {
  return states ? stateFindings(states) : [applyFinding(await client.listWorkloads({ namespace: '' }))];
}

/** Held deletions are told by `checkHeld`. */
export const TROUBLE = ['failed', 'refused', 'held'];

export const NOT_SYNCED = 'nothing was synced yet';

function stateFindings({ revision, syncedAt, failure, objects }: ObjectStatesWire): readonly Finding[] {
  if (failure) return [fail('sync', `nothing is synced: ${failure.message}`, failure.help ?? 'The log of fluxd says more.')];
  if (revision === undefined) return [warn('sync', NOT_SYNCED, 'That comes within moments, once Git can be read.')];
  const last = `revision ${revision.slice(0, 7)}${syncedAt === undefined ? '' : `, synced at ${syncedAt.replace(/\.\d+Z$/, 'Z')}`}`;
  if (objects.length === 0) return [ok('sync', `everything of ${last} is applied`)];
  return [...Map.groupBy(objects, ({ state }) => state)].map(([state, each]) => {
    const [first] = each;
    const where = placeText({ file: first?.place?.file, line: first?.place?.line });
    const why = whyText({ reason: first?.reason, error: first?.error });
    const example = [first?.id ?? '', where, why].filter((text) => text !== '').join(': ');
    return warn(
      'sync',
      `${each.length} ${state} at ${last}${each.length > 1 ? ', such as' : ':'} ${example}`,
      [first?.error?.help, 'fluxctl status lists all.'].filter((text) => text !== undefined).join(' '),
    );
  });
}

/** As much as a Go fluxd knows. */
function applyFinding(workloads: readonly ListedWorkload[]): Finding {
  const failed = workloads.filter(({ SyncError }) => typeof SyncError === 'string' && SyncError !== '');
  if (failed.length === 0) return ok('sync', `${counted(workloads.length, 'workload')} without an error`);
  return warn(
    'sync',
    `${failed.length} of ${counted(workloads.length, 'workload')} could not be applied: ${failed[0]?.ID}`,
    'The log of fluxd tells why.',
  );
}

/** Deletions that wait for a person. */
export async function checkHeld(client: ApiClient): Promise<readonly Finding[]> {
  const held = await client.heldDeletions();
  if (!held || held.deletions.length === 0) return [];
  return [warn('gc', `${counted(held.deletions.length, 'deletion')} held`, 'fluxctl gc tells why, and how to confirm them.')];
}

/** What is known of the images that workloads run; an error for each reason there is. */
export async function checkRegistries(client: ApiClient): Promise<readonly Finding[]> {
  const [workloads, scans] = await Promise.all([
    client.listImages({ namespace: '', spec: '<all>' }),
    client.imageScans({ limit: 1 }),
  ]);
  if (scans?.disabled) return [ok('registries', 'no images are looked up: fluxd runs with --registry-disable-scanning')];
  const containers = workloads.flatMap(({ ID, Containers }) => (Containers ?? []).map((container) => ({ ID, ...container })));
  const failed = containers.filter(({ AvailableError }) => AvailableError);
  if (failed.length > 0) {
    const groups = [...Map.groupBy(failed, ({ AvailableError = '' }) => AvailableError)];
    const help =
      'Images are not updated until that is mended: credentials (imagePullSecrets, --docker-config), network, or the name of the image.';
    return groups.map(([error, each]) =>
      warn('registries', `${each[0]?.ID}${each.length > 1 ? ` and ${each.length - 1} more` : ''}: ${error}`, help),
    );
  }
  const known = containers.filter(({ Available }) => Available?.length);
  if (containers.length > 0 && known.length === 0) {
    const help = 'It comes within a minute or two after the start; not with --registry-disable-scanning.';
    return [warn('registries', `nothing is known of the images of ${counted(containers.length, 'container')}`, help)];
  }
  return [ok('registries', `the images of ${known.length} of ${counted(containers.length, 'container')} are known`)];
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
