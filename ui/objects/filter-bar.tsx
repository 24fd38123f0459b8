import { Choice } from '../shell/choice.tsx';
import { go, type ObjectFilter } from '../shell/route.ts';
import { SearchField } from '../shell/search-field.tsx';
import { choices, kindOf, namespaceOf, type ObjectEntry } from './groups.ts';

interface Props {
  readonly objects: readonly ObjectEntry[];
  readonly filter: ObjectFilter;
}

export function FilterBar({ objects, filter }: Props) {
  const change = (part: Partial<ObjectFilter>) => go({ view: 'objects', filter: { ...filter, ...part } });
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <SearchField placeholder="Id or file (/)" value={filter.text} onInput={(text) => change({ text })} />
      <Choice
        name="State"
        value={filter.state}
        values={choices(objects, ({ state }) => state)}
        onChange={(state) => change({ state })}
      />
      <Choice
        name="Namespace"
        value={filter.namespace}
        values={choices(objects, namespaceOf)}
        onChange={(namespace) => change({ namespace })}
      />
      <Choice name="Kind" value={filter.kind} values={choices(objects, kindOf)} onChange={(kind) => change({ kind })} />
    </form>
  );
}
