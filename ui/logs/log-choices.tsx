import type { LivePodWire } from '../../src/api/wire/index.ts';
import type { LogChoice } from '../shell/route.ts';

interface Props {
  readonly log: LogChoice;
  readonly pods: readonly LivePodWire[];
  readonly onChange: (part: Partial<LogChoice>) => void;
}

/** Which pod, and which of its containers. */
export function LogChoices({ log: { pod, container }, pods, onChange }: Props) {
  const containersOf = (name: string) => pods.find((each) => each.name === name)?.containers.map((each) => each.name) ?? [];
  const choosePod = (name: string) => {
    const names = containersOf(name);
    onChange({ pod: name, container: names.includes(container) ? container : (names.at(-1) ?? container) });
  };
  return (
    <>
      <OneOf name="Pod" value={pod} values={pods.map(({ name }) => name)} onChange={choosePod} />
      <OneOf name="Container" value={container} values={containersOf(pod)} onChange={(name) => onChange({ container: name })} />
    </>
  );
}

interface OneOfProps {
  readonly name: string;
  readonly value: string;
  readonly values: readonly string[];
  readonly onChange: (value: string) => void;
}

/** One of several values; the chosen one stays although it is gone. */
function OneOf({ name, value, values, onChange }: OneOfProps) {
  return (
    <label>
      <span>{name}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {(values.includes(value) ? values : [value, ...values]).map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
