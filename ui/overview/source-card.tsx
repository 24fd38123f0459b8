import type { OverviewWire } from '../../src/api/wire/index.ts';
import { ChangeButton } from '../changes/change-button.tsx';
import { ALL_IMAGES, hrefOf } from '../shell/route.ts';
import { StateMark } from '../shell/state-mark.tsx';
import { plural, sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';
import { Counts, OBJECT_STATES } from './counts.tsx';

type Source = OverviewWire['sources'][number];

/** One repository at a glance. */
export function SourceCard({ source, hasName }: { readonly source: Source; readonly hasName: boolean }) {
  const { name, url, follows, ready, counts, health, heldDeletions, imagesWaiting, automation } = source;
  const waiting = Object.values(imagesWaiting).reduce((sum, count) => sum + count, 0);
  return (
    <article class="source">
      <h3>
        <StateMark state={ready ? 'ok' : 'unknown'} />
        <span>{hasName ? name : url}</span>
      </h3>
      {hasName && <p class="source-url">{url}</p>}
      <dl>
        <dt>Follows</dt>
        <dd>{follows}</dd>
        <dt>Synced</dt>
        <dd>
          <Synced source={source} />
        </dd>
        <dt>Objects</dt>
        <dd>
          <Counts counts={counts} order={OBJECT_STATES} none="none yet" />
        </dd>
        {health && (
          <>
            <dt>Health</dt>
            <dd>
              <Counts counts={health.counts} order={HEALTH_STATES} none="nothing to wait for" />
            </dd>
          </>
        )}
        {waiting > 0 && (
          <>
            <dt>Images</dt>
            <dd>
              <a href={hrefOf({ view: 'images', filter: ALL_IMAGES })}>{plural(waiting, 'newer image')}</a> not applied yet:{' '}
              {reasonsOf(imagesWaiting)}
            </dd>
          </>
        )}
        {heldDeletions > 0 && (
          <>
            <dt>Deletions</dt>
            <dd>{plural(heldDeletions, 'deletion')} held</dd>
          </>
        )}
        {automation !== 'on' && (
          <>
            <dt>Automation</dt>
            <dd>{automation}</dd>
          </>
        )}
      </dl>
      <div class="change-bar">
        <ChangeButton act={{ type: 'sync' }} source={hasName ? name : undefined} />
        <ChangeButton act={{ type: automation === 'on' ? 'suspend' : 'resume' }} source={hasName ? name : undefined} />
      </div>
    </article>
  );
}

function Synced({ source: { revision, syncedAt, commit } }: { readonly source: Source }) {
  if (revision === undefined) return <>not yet</>;
  return (
    <>
      <p class="source-commit">{commit ? commit.subject : sentence('the commit cannot be read')}</p>
      <p class="hint">
        <code>{revision.slice(0, 7)}</code>
        {commit && (
          <>
            {' '}
            by {commit.author}, committed <Time at={commit.at} />
          </>
        )}
        {syncedAt !== undefined && (
          <>
            , synced <Time at={syncedAt} />
          </>
        )}
      </p>
    </>
  );
}

const REASONS: Readonly<Record<string, string>> = {
  newer: 'committed next',
  window: 'outside of their window',
  freeze: 'in a freeze',
  'min-age': 'too young',
  gathering: 'gathered with others',
  'pull-request': 'in a pull request',
  'pull-request-closed': 'in a pull request that was closed',
  suspended: 'suspended',
  locked: 'locked',
  'read-only': 'as fluxd does not push',
};

function reasonsOf(waiting: Source['imagesWaiting']): string {
  const reasons = Object.entries(waiting).sort(([, a], [, b]) => b - a);
  return reasons.map(([code, count]) => `${count.toLocaleString('en')} ${REASONS[code] ?? code}`).join(', ');
}

const HEALTH_STATES = ['failed', 'missing', 'unknown', 'inProgress', 'terminating', 'current'];
