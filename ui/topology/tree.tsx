import { useMemo, useState } from 'preact/hooks';
import type { TopologyNodeWire, TopologyWire } from '../../src/api/wire/index.ts';
import { Counts } from '../overview/counts.tsx';
import { StateMark } from '../shell/state-mark.tsx';
import { ImageName } from '../text/image-name.tsx';
import { sentence } from '../text/sentence.ts';
import { labelOf } from './drawing.ts';
import { STATUSES, statusOf, statusWord } from './status.ts';
import { type Row, rowAfter, rowsOf } from './tree-rows.ts';

interface Props {
  readonly topology: TopologyWire;
  readonly hrefFor: (node: TopologyNodeWire) => string | undefined;
}

function open(href: string | undefined): void {
  if (href !== undefined) location.assign(href);
}

/** The same as the graph, for keyboards, screen readers and small screens (WAI-ARIA, tree view pattern). */
export function Tree({ topology, hrefFor }: Props) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState<string | undefined>();
  const rows = useMemo(() => rowsOf(topology, toggled), [topology, toggled]);
  const at = rows.find(({ node }) => node.key === current) ?? rows[0];
  const toggle = ({ node: { key } }: Row) =>
    setToggled(toggled.has(key) ? new Set([...toggled].filter((each) => each !== key)) : new Set([...toggled, key]));
  const onKeyDown = (event: KeyboardEvent) => {
    if (!at || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = rowAfter(rows, at, event.key);
    if (next === undefined) return;
    event.preventDefault();
    if (next === 'toggle') return toggle(at);
    if (next === 'open') return open(hrefFor(at.node));
    setCurrent(next.node.key);
    const items = (event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[data-key]');
    [...items].find(({ dataset }) => dataset.key === next.node.key)?.focus();
  };
  return (
    <div class="tree" role="tree" aria-label="Topology" onKeyDown={onKeyDown}>
      {rows.map((row) => (
        <TreeRow
          key={row.node.key}
          row={row}
          href={hrefFor(row.node)}
          isCurrent={row === at}
          onFocus={() => setCurrent(row.node.key)}
          onToggle={() => toggle(row)}
        />
      ))}
    </div>
  );
}

interface RowProps {
  readonly row: Row;
  /** Absent where it leads nowhere. */
  readonly href: string | undefined;
  readonly isCurrent: boolean;
  readonly onFocus: () => void;
  readonly onToggle: () => void;
}

function TreeRow({ row: { node, level, isOpen, uses }, href, isCurrent, onFocus, onToggle }: RowProps) {
  const { name, detail } = labelOf(node);
  const status = statusOf(node);
  const why = node.type === 'object' ? node.reason : undefined;
  return (
    <div
      class="tree-row"
      role="treeitem"
      aria-level={level}
      aria-expanded={isOpen}
      aria-selected={isCurrent}
      tabIndex={isCurrent ? 0 : -1}
      data-key={node.key}
      onFocus={onFocus}
      style={{ 'padding-left': `${level * 1.4}rem` }}
    >
      <span class="tree-toggle" aria-hidden="true" onClick={onToggle}>
        {isOpen === undefined ? '' : isOpen ? '▾' : '▸'}
      </span>
      {status !== undefined && <StateMark state={status} name={statusWord(status)} />}
      <div class="tree-text">
        <div class="tree-name">
          {href === undefined ? (
            <code>{name}</code>
          ) : (
            <a href={href} tabIndex={-1}>
              <code>{name}</code>
            </a>
          )}
          {detail !== '' && <span class="hint">{detail}</span>}
          {'counts' in node && <Counts counts={node.counts} order={STATUSES} none="" />}
        </div>
        {why !== undefined && <p class="hint">{sentence(why)}</p>}
        {uses.map(({ type, names }) => (
          <p key={type} class="hint">
            {type} {names.join(', ')}
          </p>
        ))}
        {node.type === 'owned' &&
          node.containers?.map((container) => (
            <p key={container.name} class="card-container">
              <StateMark state={container.status} name={statusWord(container.status)} />
              <span>
                <ImageName name={container.image} />{' '}
                <span class="hint">
                  {container.name}, {container.text}
                </span>
              </span>
            </p>
          ))}
      </div>
    </div>
  );
}
