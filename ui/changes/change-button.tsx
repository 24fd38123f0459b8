import { useContext } from 'preact/hooks';
import { wordsOf } from './act.ts';
import { consider, type Wish } from './considered.ts';
import { Rights } from './rights.ts';

interface Props extends Wish {
  /** The beginning of the name of the change, where what follows is plain to see. */
  readonly label?: string;
}

/** Leads to a change, which a person then confirms; nothing where the page may not. */
export function ChangeButton({ label, ...wish }: Props) {
  const { may, user } = useContext(Rights);
  if (may !== 'full') return null;
  const { name } = wordsOf(wish.act);
  return (
    <button
      type="button"
      {...(label === undefined ? {} : { 'aria-label': wish.on === undefined ? name : `${name}: ${wish.on}` })}
      onClick={() => consider(wish, user)}
    >
      {label ?? name}
    </button>
  );
}
