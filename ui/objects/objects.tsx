import { useState } from 'preact/hooks';
import type { ObjectStatesWire } from '../../src/api/wire/index.ts';
import { useLiveList } from '../api/use-live.ts';
import { LiveView } from '../shell/live-view.tsx';
import type { ObjectFilter } from '../shell/route.ts';
import { plural } from '../text/sentence.ts';
import { FilterBar } from './filter-bar.tsx';
import { FolderGroup } from './folder-group.tsx';
import { filtered, groupsOf } from './groups.ts';

/** Fewer objects than this are shown at once, without a click. */
const SHOWN_OPEN = 60;

/** Every object of the repositories, by folder. */
export function Objects({ filter }: { readonly filter: ObjectFilter }) {
  const live = useLiveList<'objects', ObjectStatesWire>('/objects', 'objects');
  return (
    <>
      <h1>Objects</h1>
      <LiveView live={live}>{({ objects }) => <Known objects={objects} filter={filter} />}</LiveView>
    </>
  );
}

function Known({ objects, filter }: Pick<ObjectStatesWire, 'objects'> & { readonly filter: ObjectFilter }) {
  const found = filtered(objects, filter);
  const groups = groupsOf(found);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const hasSources = groups.some(({ source }) => source !== undefined);
  return (
    <>
      <FilterBar objects={objects} filter={filter} />
      <p class="hint" role="status">
        {found.length === objects.length
          ? plural(objects.length, 'object')
          : `${found.length.toLocaleString('en')} of ${plural(objects.length, 'object')}`}
      </p>
      {groups.map((group) => {
        const key = `${group.source ?? ''}\n${group.folder}`;
        return (
          <FolderGroup
            key={key}
            group={group}
            hasSources={hasSources}
            isOpen={found.length <= SHOWN_OPEN !== toggled.has(key)}
            onToggle={() =>
              setToggled(new Set(toggled.has(key) ? [...toggled].filter((each) => each !== key) : [...toggled, key]))
            }
          />
        );
      })}
    </>
  );
}
