import { hrefOf } from './route.ts';

interface Props {
  readonly id: string;
  /** The name of its source, if there are several. */
  readonly source?: string | undefined;
}

/** The id of an object, which leads to what is known of it. */
export function ObjectLink({ id, source }: Props) {
  return (
    <a class="object-link" href={hrefOf({ view: 'object', id, ...(source === undefined ? {} : { source }) })}>
      <code>{id}</code>
    </a>
  );
}
