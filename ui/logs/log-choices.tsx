import type { LivePodWire } from '../../src/api/wire/index.ts';
import { Choice } from '../shell/choice.tsx';
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
      <Choice hasAll={false} name="Pod" value={pod} values={pods.map(({ name }) => name)} onChange={choosePod} />
      <Choice
        hasAll={false}
        name="Container"
        value={container}
        values={containersOf(pod)}
        onChange={(name) => onChange({ container: name })}
      />
    </>
  );
}
