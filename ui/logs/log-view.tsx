import { useContext, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LivePodWire } from '../../src/api/wire/index.ts';
import { Token } from '../api/use-live.ts';
import { go, hrefOf, type LogChoice } from '../shell/route.ts';
import { plural } from '../text/sentence.ts';
import { downloadLog } from './download.ts';
import { lastOf } from './log-buffer.ts';
import { LogChoices } from './log-choices.tsx';
import { blocksOf, LogBlock } from './log-lines.tsx';
import { LogStatus } from './log-status.tsx';
import { useLog } from './use-log.ts';

interface Props {
  readonly id: string;
  readonly source: string | undefined;
  readonly log: LogChoice;
  /** Those of the workload, as far as they are known. */
  readonly pods: readonly LivePodWire[];
}

/** How far from its end a log counts as being at its end, in pixels. */
const NEAR = 30;

/** The log of a container, which a person may follow, search and save. */
export function LogView({ id, source, log, pods }: Props) {
  const { pod, container, previous } = log;
  const place = { id, source, pod, container, previous };
  const [follow, setFollow] = useState(true);
  const [filter, setFilter] = useState('');
  const [isWrapped, setWrapped] = useState(true);
  const [hasTimes, setTimes] = useState(true);
  const { buffer, drawn: count, state, hasGap } = useLog(place, follow && !previous);
  /** The number of the first line that is not drawn while a person reads above. */
  const [end, setEnd] = useState<number | undefined>(undefined);
  const view = useRef<HTMLElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Who chooses here stays where they are.
    if (!view.current?.contains(document.activeElement)) title.current?.focus();
    setEnd(undefined);
  }, [pod, container, previous]);
  useLayoutEffect(() => {
    if (end === undefined && frame.current) frame.current.scrollTop = frame.current.scrollHeight;
    // Not when something else is drawn, such as newer usage: a person may just begin to scroll.
  }, [end, buffer, buffer.added, count, filter, isWrapped, hasTimes]);
  const onScroll = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: { readonly currentTarget: HTMLElement }) => {
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (isAtEnd !== (end === undefined)) setEnd(isAtEnd ? undefined : buffer.added);
  };
  const matching = buffer.matching(filter, end ?? Number.POSITIVE_INFINITY);
  const drawn = lastOf(matching, count);
  const change = (part: Partial<LogChoice>) =>
    go({ view: 'object', id, ...(source === undefined ? {} : { source }), log: { ...log, ...part } });
  return (
    <section class="log-view" aria-labelledby="log-title" ref={view}>
      <div class="log-head">
        <h3 id="log-title" tabIndex={-1} ref={title}>
          Log of {container} in {pod}
        </h3>
        <a href={hrefOf({ view: 'object', id, ...(source === undefined ? {} : { source }) })}>Close</a>
      </div>
      <form class="log-controls" onSubmit={(event) => event.preventDefault()}>
        <LogChoices log={log} pods={pods} onChange={change} />
        <label>
          <span>Filter</span>
          <input type="search" value={filter} onInput={({ currentTarget }) => setFilter(currentTarget.value)} />
        </label>
        <div class="log-switches">
          <Switch name="Before the last restart" isOn={previous} onChange={(isOn) => change({ previous: isOn })} />
          {!previous && <Switch name="Follow" isOn={follow} onChange={setFollow} />}
          <Switch name="Wrap lines" isOn={isWrapped} onChange={setWrapped} />
          <Switch name="Times" isOn={hasTimes} onChange={setTimes} />
        </div>
        <Download key={`${pod}/${container}/${previous}`} place={place} />
      </form>
      <LogStatus state={state} isPaused={end !== undefined && follow && !previous} />
      {hasGap && <p class="hint">The container writes more than can be read at once: lines were left out.</p>}
      {buffer.dropped + matching.length > drawn.length && (
        <p class="hint">
          {filter === ''
            ? 'Earlier lines are not drawn.'
            : `Of the lines with this text, the last ${plural(drawn.length, 'line')} are drawn.`}
        </p>
      )}
      {/* What is written is not read out: it may be hundreds of lines a second. */}
      <div
        class={`log${isWrapped ? ' log-wrapped' : ''}${hasTimes ? '' : ' log-timeless'}`}
        role="log"
        aria-live="off"
        aria-labelledby="log-title"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll it
        tabIndex={0}
        ref={frame}
        onScroll={onScroll}
      >
        {blocksOf(drawn).map(([key, lines]) => (
          <LogBlock key={key} lines={lines} filter={filter} />
        ))}
        {drawn.length === 0 && state.kind !== 'opening' && (
          <p class="hint">{filter === '' ? 'Nothing has been written.' : 'No line has this text.'}</p>
        )}
      </div>
      {end !== undefined && (
        <button type="button" class="log-newest" onClick={() => setEnd(undefined)}>
          Go to the newest line{buffer.added > end ? ` (${plural(buffer.added - end, 'new line')})` : ''}
        </button>
      )}
    </section>
  );
}

interface SwitchProps {
  readonly name: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

function Switch({ name, isOn, onChange }: SwitchProps) {
  return (
    <label class="whole">
      <input type="checkbox" checked={isOn} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
      {name}
    </label>
  );
}

function Download({ place }: { readonly place: Parameters<typeof downloadLog>[0] }) {
  const token = useContext(Token);
  const [outcome, setOutcome] = useState<string | undefined>(undefined);
  const [isRunning, setRunning] = useState(false);
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const run = async () => {
    setRunning(true);
    setOutcome(await downloadLog(place, token, stop.current.signal));
    setRunning(false);
  };
  return (
    <div class="log-download">
      <button type="button" disabled={isRunning} onClick={() => void run()}>
        {isRunning ? 'Saving…' : 'Download'}
      </button>
      <span class="hint" role="status">
        {outcome}
      </span>
    </div>
  );
}
