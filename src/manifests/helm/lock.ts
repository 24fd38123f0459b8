import { posix } from 'node:path';
import * as z from 'zod';
import { dumpYaml, folderOf, parseYamlDocuments } from '../../base/index.ts';
import { parseVersionRange } from '../../policy/index.ts';
import type { LockedChart, RemoteChart } from '../../resource/index.ts';
import type { Pace } from '../units/pace.ts';
import type { Tree } from '../units/tree.ts';
import { followed } from './followed.ts';
import type { WantedChart } from './helm-config.ts';
import { refusedChart } from './refused.ts';
import { nameOfChart, PLAIN_URL, REMOTE_CHART } from './remote-chart.ts';

/** Beside a `.flux.yaml`: which archive of its chart is used. Its name is that of no manifest. */
const LOCK_NAME = '.flux.lock';
const MAX_BYTES = 16 << 10;

const LOCK = z
  .strictObject({
    version: z.literal(1),
    helm: z.strictObject({
      chart: REMOTE_CHART,
      version: z.string().min(1).max(200),
      url: PLAIN_URL.optional(),
      digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    }),
  })
  .transform(({ helm: { chart, url, ...entry } }, context): LockedChart => {
    if (chart.kind === 'oci' && url === undefined) return { ...chart, ...entry };
    if (chart.kind === 'repository' && url !== undefined) return { ...chart, url, ...entry };
    context.addIssue('expected "url" for a chart of a repository, and for no other');
    return z.NEVER;
  });

/** The path of the lock beside a config file. */
export function lockFileOf(configFile: string): string {
  return posix.join(folderOf(configFile), LOCK_NAME);
}

/** The text of a lock. */
export function lockText(locked: LockedChart): string {
  const { version, digest } = locked;
  const chart = locked.kind === 'oci' ? locked.url : { repository: locked.repository, name: locked.name };
  const helm = { chart, version, ...(locked.kind === 'oci' ? {} : { url: locked.url }), digest };
  return `# Written by fluxctl render --update-lock, and read by fluxd.\n${dumpYaml({ version: 1, helm })}`;
}

/** What a lock says; undefined if it cannot be read. */
export function parseLock(text: string): LockedChart | undefined {
  const documents = parseYamlDocuments(text);
  const { value: document } = documents.next();
  if (!document || document.error || !documents.next().done) return undefined;
  const read = LOCK.safeParse(document.value);
  return read.success ? read.data : undefined;
}

/**
 * The archive that is locked for the chart of a config file.
 * @throws FluxError `helm/refused` without one, or if it is of another chart or version; or why a link is refused
 */
export async function lockedFor(wanted: WantedChart, configFile: string, tree: Tree, pace: Pace): Promise<LockedChart> {
  const path = lockFileOf(configFile);
  const run = `run "fluxctl render --update-lock ${folderOf(path) || '.'}", and commit ${path}`;
  const refused = (why: string) => refusedChart(`${why}; ${run}`);
  const listed = tree.get(path);
  if (!listed) throw refused(`no archive of ${nameOfChart(wanted)} is locked, since there is no ${path}`);
  const file = await followed(tree, listed);
  if (file.size > MAX_BYTES) throw refused(`${path} has more than ${MAX_BYTES >> 10} KiB`);
  await pace.beforeParsing(file.size);
  const locked = parseLock((await tree.read(file)).toString('utf8'));
  if (!locked) throw refused(`${path} cannot be read`);
  if (!isSameChart(locked, wanted)) throw refused(`${path} is for ${nameOfChart(locked)}, not for ${nameOfChart(wanted)}`);
  if (!parseVersionRange(wanted.version)?.(locked.version))
    throw refused(`${path} has version ${locked.version}, which ${JSON.stringify(wanted.version)} does not allow`);
  return locked;
}

/** Whether two are written the same. */
export function isSameChart(some: RemoteChart, other: RemoteChart): boolean {
  if (some.kind === 'oci') return other.kind === 'oci' && some.url === other.url;
  return other.kind === 'repository' && some.repository === other.repository && some.name === other.name;
}
