import type { LiveContainerWire } from '../../src/api/wire/index.ts';
import { hrefOf } from '../shell/route.ts';
import { StateMark } from '../shell/state-mark.tsx';
import { plural } from '../text/sentence.ts';
import { bytes, cores } from './amounts.ts';
import { statusOfContainer } from './status.ts';
import { Usage } from './usage.tsx';

interface Props {
  readonly id: string;
  readonly source: string | undefined;
  readonly pod: string;
  readonly container: LiveContainerWire;
  /** Whether usage could be read at all. */
  readonly isMeasured: boolean;
}

const TYPES: Readonly<Record<string, string>> = { init: 'init container', sidecar: 'sidecar' };

/** A container: how it is, what it uses, and the ways to its logs. */
export function ContainerRow({ id, source, pod, container, isMeasured }: Props) {
  const { name, image, type, restarts, message, previous, requests, limits, usage } = container;
  const { mark, text } = statusOfContainer(container);
  const logOf = (isPrevious: boolean) =>
    hrefOf({
      view: 'object',
      id,
      ...(source === undefined ? {} : { source }),
      log: { pod, container: name, previous: isPrevious },
    });
  const isDone = container.state === 'terminated';
  return (
    <li class="container">
      <div class="container-name">
        <p>
          <StateMark state={mark} name={text} /> <strong>{name}</strong>{' '}
          {TYPES[type] !== undefined && <span class="badge">{TYPES[type]}</span>}
        </p>
        <p class="hint">
          {text}
          {restarts > 0 && `, ${plural(restarts, 'restart')}`}
          {previous && `, before that ${previous.reason || 'ended'} (exit code ${previous.exitCode})`}
        </p>
        {message !== undefined && <p class="hint">{message}</p>}
        <p class="hint">
          <code>{image}</code>
        </p>
      </div>
      {!isDone && (
        <>
          <Usage name="CPU" used={usage?.cpu} request={requests.cpu} limit={limits.cpu} format={cores} isMeasured={isMeasured} />
          <Usage
            name="Memory"
            used={usage?.memory}
            request={requests.memory}
            limit={limits.memory}
            format={bytes}
            isMeasured={isMeasured}
          />
        </>
      )}
      <p class="container-logs">
        <a href={logOf(false)} aria-label={`Log of ${name} in ${pod}`}>
          Log
        </a>
        {previous && (
          <a href={logOf(true)} aria-label={`Log before the restart of ${name} in ${pod}`}>
            Log before the restart
          </a>
        )}
      </p>
    </li>
  );
}
