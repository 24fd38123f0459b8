import type { Identity } from './git.ts';

export const SYNC_TAG_SUBJECT = 'Sync pointer';

/** The sync tag's bytes, as `git tag --annotate --message "Sync pointer"` writes them in UTC. */
export function syncTagContent(tag: string, revision: string, tagger: Identity, seconds: number): string {
  return [
    `object ${revision}`,
    'type commit',
    `tag ${tag}`,
    `tagger ${tagger.name} <${tagger.email}> ${seconds} +0000`,
    '',
    SYNC_TAG_SUBJECT,
    '',
  ].join('\n');
}
