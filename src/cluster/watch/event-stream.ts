import { FluxError } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import { errorFromStatus } from '../connection/status-error.ts';

type Fields = Readonly<Record<string, unknown>>;

/** One line of a watch (Kubernetes API concepts, "Efficient detection of changes"). */
export interface WatchEvent {
  /** `synced` is the bookmark that completes a streamed list. */
  readonly type: 'set' | 'deleted' | 'bookmark' | 'synced';
  readonly object: Fields;
  readonly resourceVersion: string;
}

/** Size limit of an event: twice etcd's limit of an object, as JSON. */
const MAX_LINE_BYTES = 16 * 2 ** 20;

/**
 * The events of an open watch, until the server ends it.
 * @throws FluxError `cluster/bad-answer` for an incomplete or malformed event; for an ERROR event the error of its status, usually
 * `cluster/expired` (410).
 */
export async function* watchEvents(response: AsyncIterable<Buffer>, path: string): AsyncGenerator<WatchEvent, void> {
  for await (const line of lines(response, path)) {
    if (line.length > 0) yield eventOf(line, path);
  }
}

async function* lines(response: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer, void> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const last = chunk.subarray(start, end);
      yield parts.length === 0 ? last : Buffer.concat([...parts, last]);
      parts = [];
      size = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      size += chunk.length - start;
      if (size > MAX_LINE_BYTES) throw badEvent(path, `is larger than ${MAX_LINE_BYTES} bytes`);
    }
  }
  if (size > 0) throw badEvent(path, 'is incomplete');
}

function eventOf(line: Buffer, path: string): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw badEvent(path, 'is not JSON', error);
  }
  if (!isFields(event) || !isFields(event.object)) throw badEvent(path, 'contains no object');
  const { type, object } = event;
  if (type === 'ERROR') throw errorFromStatus(typeof object.code === 'number' ? object.code : 500, object, path);
  const { metadata } = object;
  if (!isFields(metadata) || typeof metadata.resourceVersion !== 'string') throw badEvent(path, 'has no resourceVersion');
  const { resourceVersion } = metadata;
  if (type === 'BOOKMARK') {
    const whole = isFields(metadata.annotations) && metadata.annotations['k8s.io/initial-events-end'] === 'true';
    return { type: whole ? 'synced' : 'bookmark', object, resourceVersion };
  }
  if (typeof metadata.name !== 'string') throw badEvent(path, 'has no object name');
  if (type === 'ADDED' || type === 'MODIFIED') return { type: 'set', object, resourceVersion };
  if (type === 'DELETED') return { type: 'deleted', object, resourceVersion };
  throw badEvent(path, `is of unknown type ${JSON.stringify(type)}`);
}

function badEvent(path: string, what: string, cause?: unknown): FluxError {
  return new FluxError(`watch of ${path}: an event ${what}`, {
    code: 'cluster/bad-answer',
    help: 'The API server, or a proxy in front of it, sent an invalid watch event; the watch is reopened.',
    ...(cause === undefined ? {} : { cause }),
  });
}
