import type { ObjectDiffWire } from '../../src/api/wire/index.ts';
import { useFixed } from '../api/use-live.ts';
import { HIDDEN, TOO_LARGE } from '../live/summary.ts';
import { pathOf } from '../shell/route.ts';
import { useShowMore } from '../shell/show-more.tsx';
import { CommitLink, type WebPages } from '../shell/web-link.tsx';
import { plural, sentence } from '../text/sentence.ts';
import { ChangedField } from './changed-field.tsx';

export interface ObjectDiffProps {
  readonly id: string;
  readonly source: string;
  /** The revision that was synced before. */
  readonly from: string;
  readonly to: string;
  readonly webPages: WebPages | undefined;
}

/** What a sync changed of an object in Git, field by field. */
export function ObjectDiff({ id, source, from, to, webPages }: ObjectDiffProps) {
  const live = useFixed<ObjectDiffWire>(pathOf('/objects/diff', { source, id, from, to }));
  switch (live.kind) {
    case 'loading':
      return <p class="hint">Loading…</p>;
    case 'refused':
      return (
        <p class="hint">
          {sentence(live.problem.detail)} {live.problem.help} <SeeCommit revision={to} webPages={webPages} />
        </p>
      );
    case 'unreachable':
      return (
        <p class="hint">
          {live.problem ? sentence(live.problem.detail) : 'fluxd does not answer.'} The page tries again every few seconds.
        </p>
      );
    case 'stale':
    case 'current':
      return <Report report={live.value} revision={to} webPages={webPages} />;
  }
}

interface ReportProps {
  readonly report: ObjectDiffWire;
  readonly revision: string;
  readonly webPages: WebPages | undefined;
}

function Report({ report, revision, webPages }: ReportProps) {
  switch (report.state) {
    case 'compared':
      return <Compared report={report} />;
    case 'rendered':
      return (
        <p class="hint">
          It is rendered by {report.place.renderer ?? 'a program'} from <code>{report.place.unit ?? report.place.file}</code>, so
          its fields are not compared. <SeeCommit revision={revision} webPages={webPages} />
        </p>
      );
    case 'unread':
      return (
        <p class="hint">
          It may be in <code>{report.file}</code> at {report.revision.slice(0, 7)}, which{' '}
          {report.error.code === 'manifests/encrypted'
            ? 'is encrypted, and is not decrypted for this page.'
            : `cannot be read: ${sentence(report.error.message)}`}{' '}
          <SeeCommit revision={revision} webPages={webPages} />
        </p>
      );
  }
}

function Compared({ report }: { readonly report: Extract<ObjectDiffWire, { state: 'compared' }> }) {
  const { before, after, hidden, fields, isCut } = report;
  const { shown, button } = useShowMore(fields.length);
  return (
    <>
      <p>{summaryOf(report)}</p>
      {before && after && before.file !== after.file && (
        <p class="hint">
          It moved from <code>{before.file}</code> to <code>{after.file}</code>.
        </p>
      )}
      {hidden !== undefined && <p class="hint">{HIDDEN}</p>}
      {fields.length > 0 && (
        <ul class="fields">
          {fields.slice(0, shown).map((field) => (
            <ChangedField key={field.path} field={field} />
          ))}
        </ul>
      )}
      {button}
      {isCut && fields.length > 0 && <p class="hint">More fields differ than are shown.</p>}
    </>
  );
}

function summaryOf({ before, after, fields, isCut }: Extract<ObjectDiffWire, { state: 'compared' }>): string {
  if (isCut && fields.length === 0) return TOO_LARGE;
  if (!before) return 'The object is new in Git.';
  if (!after) return 'The object was removed from Git.';
  if (fields.length === 0) return 'Git has the same before and after. The sync applied again what the cluster did not have.';
  return `${plural(fields.length, 'field')} changed in Git.`;
}

function SeeCommit({ revision, webPages }: Pick<ReportProps, 'revision' | 'webPages'>) {
  return (
    <>
      See commit <CommitLink revision={revision} webPages={webPages} />.
    </>
  );
}
