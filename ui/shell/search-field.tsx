import { useEffect, useRef } from 'preact/hooks';

interface Props {
  readonly placeholder: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
}

/** The field to which `/` leads. */
export function SearchField({ placeholder, value, onInput }: Props) {
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
  return (
    <label>
      <span>Search</span>
      <input
        ref={search}
        type="search"
        placeholder={placeholder}
        value={value}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </label>
  );
}
