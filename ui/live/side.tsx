import { Value, type ValueProps } from './value.tsx';

interface Props extends ValueProps {
  readonly name: string;
}

/** What a field is on one side of a comparison. */
export function Side({ name, ...value }: Props) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Value {...value} />
      </dd>
    </div>
  );
}
