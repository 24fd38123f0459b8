import { useState } from 'preact/hooks';
import type { HistoryWire } from '../../src/api/wire/index.ts';
import { ObjectLink } from '../shell/object-link.tsx';
import type { WebPages } from '../shell/web-link.tsx';
import { sentence } from '../text/sentence.ts';
import { ObjectDiff, type ObjectDiffProps } from './object-diff.tsx';

type SyncWire = HistoryWire['syncs'][number];

interface Props {
  readonly change: SyncWire['changes'][number];
  readonly sync: Pick<SyncWire, 'revision' | 'previous'>;
  readonly source: string;
  readonly webPages: WebPages | undefined;
}

/** What a sync did to one object or file; on demand, what Git changed of it. */
export function SyncChange({ change: { id, outcome, place, reason }, sync, source, webPages }: Props) {
  return (
    <li>
      <span class={`outcome count-${outcome}`}>{outcome}</span> {id === undefined ? <code>{place}</code> : <ObjectLink id={id} />}
      {reason !== undefined && <span class="hint"> {sentence(reason)}</span>}
      {id !== undefined && sync.previous !== undefined && sync.previous !== sync.revision && (
        <WhatChanged id={id} source={source} from={sync.previous} to={sync.revision} webPages={webPages} />
      )}
    </li>
  );
}

/** It is read once it is opened. */
function WhatChanged(props: ObjectDiffProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="what-changed" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        What changed<span class="unseen"> of {props.id}</span>
      </summary>
      {isOpen && <ObjectDiff {...props} />}
    </details>
  );
}
