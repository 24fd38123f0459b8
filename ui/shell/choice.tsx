interface Props {
  readonly name: string;
  readonly value: string;
  readonly values: readonly string[];
  /** Whether all of them together can be chosen, which is the empty value. */
  readonly hasAll?: boolean;
  readonly onChange: (value: string) => void;
}

/** One of several values. The chosen one stays, also when it is gone. */
export function Choice({ name, value, values, hasAll = true, onChange }: Props) {
  return (
    <label>
      <span>{name}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {hasAll && <option value="">All</option>}
        {((hasAll && value === '') || values.includes(value) ? values : [value, ...values]).map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
