import type { TopologyWire } from '../../src/api/wire/index.ts';
import { Choice } from '../shell/choice.tsx';
import { go, hrefOf, type TopologyFilter } from '../shell/route.ts';
import { SearchField } from '../shell/search-field.tsx';
import { folderName } from './drawing.ts';
import type { Show } from './links.ts';
import { STATUSES } from './status.ts';

interface Props {
  /** Absent until it is known. */
  readonly topology: TopologyWire | undefined;
  readonly filter: TopologyFilter;
  readonly as: Show;
}

export function TopologyFilters({ topology, filter, as }: Props) {
  const change = (part: Partial<TopologyFilter>) => go({ view: 'topology', as, filter: { ...filter, ...part } });
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <SearchField placeholder="Id or file (/)" value={filter.text} onInput={(text) => change({ text })} />
      <Choice name="Status" value={filter.status} values={STATUSES} onChange={(status) => change({ status })} />
      <Choice
        name="Namespace"
        value={filter.namespace}
        values={topology?.namespaces ?? []}
        onChange={(namespace) => change({ namespace })}
      />
      <Choice name="Kind" value={filter.kind} values={topology?.kinds ?? []} onChange={(kind) => change({ kind })} />
      <p class="filters-more">
        <Shown as={as} filter={filter} />
        <Within filter={filter} change={change} />
      </p>
    </form>
  );
}

const SHOWS: readonly (readonly [Show, string])[] = [
  ['graph', 'Graph'],
  ['tree', 'Tree'],
];

function Shown({ as, filter }: Pick<Props, 'as' | 'filter'>) {
  return (
    <>
      {SHOWS.map(([show, name]) => (
        <a key={show} class="tab" href={hrefOf({ view: 'topology', as: show, filter })} aria-current={as === show || undefined}>
          {name}
        </a>
      ))}
    </>
  );
}

/** The source and folder that a person went into, each with a way out. */
function Within({ filter, change }: Pick<Props, 'filter'> & { readonly change: (part: Partial<TopologyFilter>) => void }) {
  return (
    <>
      {filter.source !== '' && (
        <button type="button" onClick={() => change({ source: '', folder: '' })}>
          Source {filter.source} <span aria-hidden="true">×</span>
          <span class="unseen">: show all</span>
        </button>
      )}
      {filter.folder !== '' && (
        <button type="button" onClick={() => change({ folder: '' })}>
          Folder {folderName(filter.folder)} <span aria-hidden="true">×</span>
          <span class="unseen">: show all</span>
        </button>
      )}
    </>
  );
}
