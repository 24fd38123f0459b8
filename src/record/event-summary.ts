import type { EventResult, FluxEvent } from './event.ts';

/** One line of text for an event; Flux v1's types have its text. */
export function summarizeEvent(event: FluxEvent): string {
  const objects = event.objects.join(', ');
  switch (event.type) {
    case 'commit':
      return `Commit: ${short(event.metadata.revision ?? '')}, ${objects || '<no changes>'}`;
    case 'sync':
      return `Sync: ${revisions(event.metadata.commits)}, ${objects || 'no workloads changed'}`;
    case 'release': {
      const { result, spec, cause } = event.metadata;
      const word = isRollback(spec.ReleaseContainersSpec) ? 'Rolled back' : 'Released';
      const to = namesAll(spec.ReleaseImageSpec) ? 'all workloads' : objects || 'no workloads';
      const by = cause.User === '' ? '' : `, by ${cause.User}`;
      const message = cause.Message === '' ? '' : `, with message "${cause.Message}"`;
      return `${word}: ${images(result)} to ${to}${by}${message}`;
    }
    case 'autorelease':
      return `Automated release of ${images(event.metadata.result)}`;
    case 'drift_corrected':
      return `Drift corrected: ${event.metadata.corrections.map(({ id, reason }) => `${id} (${reason})`).join(', ')}`;
    case 'commit_refused':
      return `Commit refused: ${short(event.metadata.commit)} ${event.metadata.why}`;
    case 'deletions_held':
      return `Deletions held: ${objects}`;
  }
}

function revisions(commits: readonly { readonly revision: string }[]): string {
  const [newest, oldest] = [commits[0], commits.at(-1)];
  if (!newest || !oldest) return '<no revision>';
  return commits.length > 2 ? `${short(oldest.revision)}..${short(newest.revision)}` : short(newest.revision);
}

function short(revision: string): string {
  return revision.slice(0, 7);
}

/** The distinct released images, sorted. */
function images(result: EventResult): string {
  const targets = Object.values(result).flatMap(({ Status, PerContainer }) =>
    Status === 'success' ? (PerContainer ?? []).map(({ Target }) => Target) : [],
  );
  return [...new Set(targets)].sort().join(', ') || 'no image changes';
}

function isRollback(spec: unknown): boolean {
  return typeof spec === 'object' && spec !== null && 'Rollback' in spec && spec.Rollback === true;
}

/** A spec from a note is unvalidated. */
function namesAll(spec: unknown): boolean {
  const specs = typeof spec === 'object' && spec !== null && 'ServiceSpecs' in spec ? spec.ServiceSpecs : undefined;
  return Array.isArray(specs) && specs.includes('<all>');
}
