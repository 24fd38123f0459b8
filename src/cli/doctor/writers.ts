import type { ApiClient, WritersWire } from '../../api/client/index.ts';
import { type Finding, ok, warn } from './finding.ts';

/** Whether this fluxd or Flux v1 set the sync tag and wrote the job notes. */
export async function checkWriters(client: ApiClient): Promise<readonly Finding[]> {
  const writers = await client.writers();
  if (!writers) return [];
  return [...tagFindings(writers), ...noteFindings(writers)];
}

function tagFindings({ syncTag }: WritersWire): readonly Finding[] {
  if (!syncTag) return [];
  const { name, revision, by, setAt, afterRecords } = syncTag;
  const tag = `the tag ${name} at ${revision.slice(0, 7)}`;
  const when = setAt === undefined ? '' : ` at ${setAt.replace(/\.\d+Z$/, 'Z')}`;
  if (by === 'fluxd') return [ok('git', `${tag} was set by fluxd${when}`)];
  if (by === 'other')
    return [
      warn(
        'git',
        `${tag} was set neither by fluxd nor by Flux v1`,
        'fluxd treats it as the last synced revision. The next synced revision replaces it.',
      ),
    ];
  if (!afterRecords) return [ok('git', `${tag} was set by Flux v1${when}; fluxd continues from there`)];
  return [
    warn(
      'git',
      `${tag} was set by Flux v1${when}, after fluxd had synced this repository`,
      'Unless you switched back temporarily, a Flux v1 is still running, perhaps in another cluster: switch it off, or give it another --git-label.',
    ),
  ];
}

function noteFindings({ jobNotes: { ref, fluxd, fluxV1 } }: WritersWire): readonly Finding[] {
  if (fluxd + fluxV1 === 0) return [];
  const who = [
    ...(fluxd > 0 ? [`${fluxd} of fluxd`] : []),
    ...(fluxV1 > 0 ? [`${fluxV1} of Flux v1, which fluxd reads as well`] : []),
  ];
  return [ok('git', `job notes in ${ref}: ${who.join(', ')}`)];
}
