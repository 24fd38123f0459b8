import { useEffect, useRef } from 'preact/hooks';
import { go, type ObjectFilter } from '../shell/route.ts';
import { choices, kindOf, namespaceOf, type ObjectEntry } from './groups.ts';

interface Props {
  readonly objects: readonly ObjectEntry[];
  readonly filter: ObjectFilter;
}

export function FilterBar({ objects, filter }: Props) {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const change = (part: Partial<ObjectFilter>) => go({ view: 'objects', filter: { ...filter, ...part } });
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span>Search</span>
        <input
          ref={search}
          type="search"
          placeholder="Id or file (/)"
          value={filter.text}
          onInput={({ currentTarget: { value } }) => change({ text: value })}
        />
      </label>
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

interface ChoiceProps {
  readonly name: string;
  readonly value: string;
  readonly values: readonly string[];
  readonly onChange: (value: string) => void;
}

function Choice({ name, value, values, onChange }: ChoiceProps) {
  return (
    <label>
      <span>{name}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        <option value="">All</option>
        {(value === '' || values.includes(value) ? values : [value, ...values]).map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
