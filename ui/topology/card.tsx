import type { TopologyNodeWire } from '../../src/api/wire/index.ts';
import { Counts } from '../overview/counts.tsx';
import { StateMark } from '../shell/state-mark.tsx';
import { ImageName } from '../text/image-name.tsx';
import type { Label } from './drawing.ts';
import { STATUSES, statusOf, statusWord } from './status.ts';

interface Props {
  readonly node: TopologyNodeWire;
  readonly label: Label;
  /** Absent where it leads nowhere. */
  readonly href: string | undefined;
  readonly style: Readonly<Record<string, string>>;
  readonly tabIndex: number;
  readonly onFocus: () => void;
  readonly onMouseEnter: () => void;
}

/** A node of the graph. */
export function NodeCard({ node, label: { name, detail }, href, ...others }: Props) {
  const status = statusOf(node);
  return (
    <a class={`card card-${node.type}`} {...(href === undefined ? {} : { href })} data-key={node.key} {...others}>
      {status === undefined ? <span class="card-dot" /> : <StateMark state={status} name={statusWord(status)} />}
      <div class="card-text">
        <code>{name}</code>
        {detail !== '' && <span class="card-detail">{detail}</span>}
        {'counts' in node && <Counts counts={node.counts} order={STATUSES} none="" />}
        {node.type === 'object' && node.pods && <Counts counts={node.pods} order={STATUSES} none="" of="pod" />}
        {node.type === 'owned' &&
          node.containers?.map(({ name, image, status, text }) => (
            <span key={name} class="card-container">
              <StateMark state={status} name={`${name}: ${text}`} />
              <ImageName name={image} />
            </span>
          ))}
      </div>
    </a>
  );
}
