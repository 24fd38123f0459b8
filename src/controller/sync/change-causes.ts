import { isDeepStrictEqual } from 'node:util';
import type { Cancellable } from '../../base/index.ts';
import type { Revision } from '../../repository/index.ts';
import { isRendered, type Manifest } from '../../resource/index.ts';
import type { Source } from '../ports/source.ts';
import type { NewCommits } from './new-commits.ts';

/** Kinds that keep a history of their pod templates. */
const WITH_HISTORY: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);
/** Files that are looked up by a process of git each; the others get the subject of the newest commit. */
const MAX_FILES = 20;
const MAX_TEXT = 200;

export interface Revisions {
  readonly from: Revision;
  readonly to: Revision;
  /** Manifests of both. */
  readonly before: readonly Manifest[];
  readonly now: readonly Manifest[];
  readonly newCommits: NewCommits;
}

/** The subject of the commit that changed each new pod template, by the checksum of its manifest. */
export async function changeCauses(
  source: Pick<Source, 'commits'>,
  { from, to, before, now, newCommits }: Revisions,
  cancel: Cancellable,
): Promise<ReadonlyMap<string, string>> {
  const changed = withNewTemplate(before, now);
  const [newest] = newCommits.state === 'read' ? newCommits.commits : [];
  if (changed.length === 0 || newest === undefined) return new Map();
  const isOne = newCommits.state === 'read' && newCommits.commits.length === 1;
  // Which of the new commits changed what a unit renders is not known: the newest is taken.
  const written = changed.filter(({ place }) => !isRendered(place));
  const files = isOne ? [] : [...new Set(written.map(({ place }) => place.file))].slice(0, MAX_FILES);
  const subjects = new Map(
    await Promise.all(
      files.map(async (file) => {
        const [commit = newest] = await source.commits({ from, to, limit: 1, file }, cancel);
        return [file, commit.subject] as const;
      }),
    ),
  );
  return new Map(
    changed.flatMap(({ checksum, place }) => {
      const text = plain(subjects.get(place.file) ?? newest.subject);
      return text === '' ? [] : [[checksum, text] as const];
    }),
  );
}

function withNewTemplate(before: readonly Manifest[], now: readonly Manifest[]): readonly Manifest[] {
  const workloads = now.filter(({ object }) => WITH_HISTORY.has(object.kind));
  const templates = new Map(
    before.filter(({ object }) => WITH_HISTORY.has(object.kind)).map((manifest) => [keyOf(manifest), templateOf(manifest)]),
  );
  return workloads.filter((manifest) => !isDeepStrictEqual(templates.get(keyOf(manifest)), templateOf(manifest)));
}

function keyOf({ object: { kind, metadata } }: Manifest): string {
  return JSON.stringify([kind, metadata.namespace ?? '', metadata.name]);
}

function templateOf({ object: { spec } }: Manifest): unknown {
  return typeof spec === 'object' && spec !== null && 'template' in spec ? spec.template : undefined;
}

/** One line without control characters. */
function plain(subject: string): string {
  const text = subject.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).toWellFormed()}…` : text;
}
