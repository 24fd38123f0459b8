import type { ApiClient, WritersWire } from '../../api/client/index.ts';
import { type Finding, ok, warn } from './finding.ts';

/** Who set the sync tag, and who wrote the job notes: this fluxd, or a Flux v1. */
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
        'It counts as what was synced last. The next revision that is synced sets it as it should be.',
      ),
    ];
  if (!afterRecords) return [ok('git', `${tag} was set by Flux v1${when}; fluxd goes on from there`)];
  return [
    warn(
      'git',
      `${tag} was set by a Flux v1${when}, after fluxd had synced this repository`,
      'If you did not go back to Flux v1 and over again, one still runs, maybe in another cluster: switch it off, or give it another --git-label.',
    ),
  ];
}

function noteFindings({ jobNotes: { ref, fluxd, fluxV1 } }: WritersWire): readonly Finding[] {
  if (fluxd + fluxV1 === 0) return [];
  const who = [
    ...(fluxd > 0 ? [`${fluxd} of fluxd`] : []),
    ...(fluxV1 > 0 ? [`${fluxV1} of Flux v1, which fluxd reads as well`] : []),
  ];
  return [ok('git', `notes of jobs in ${ref}: ${who.join(', ')}`)];
}
