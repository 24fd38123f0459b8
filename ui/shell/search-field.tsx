interface Props {
  readonly placeholder: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
}

/** The field to which `/` leads. */
export function SearchField({ placeholder, value, onInput }: Props) {
  return (
    <label>
      <span>Search</span>
      <input
        type="search"
        placeholder={placeholder}
        value={value}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </label>
  );
}
