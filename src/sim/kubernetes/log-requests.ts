import { asList, asString, at, type JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';
import type { ContainerPlace, LogLine, PodLogStore } from './pod-logs.ts';
import type { ApiRequest, ApiResponse } from './server.ts';
import { badRequest, cause, invalid } from './status.ts';

/** `GET …/pods/NAME/log`: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod */
export function serveLog(logs: PodLogStore, pod: KubeObject, { query }: ApiRequest, response: ApiResponse): void {
  const { namespace = '', name } = metaOf(pod);
  const place = { namespace, pod: name, container: containerOf(pod, query.get('container') ?? '') };
  const isSet = (option: string) => query.get(option) === 'true' || query.get(option) === '1';
  const tailLines = numberOf(query, 'tailLines', 0);
  const limitBytes = numberOf(query, 'limitBytes', 1) ?? Number.POSITIVE_INFINITY;
  const since = sinceOf(query);
  const isShown = (line: LogLine) => line.at >= since;
  const format = (line: LogLine) => formatLine(line, isSet('timestamps'));
  const lines = linesOf(logs, pod, place, isSet('previous'));
  const shown = (tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - tailLines))).filter(isShown);
  let left = limitBytes;
  const stream = response.plainStream(() => stop());
  const write = (line: LogLine) => {
    const bytes = format(line).subarray(0, left);
    left -= bytes.length;
    stream.write(bytes);
    if (left <= 0) stream.end();
  };
  let stop = () => {};
  for (const line of shown) if (left > 0) write(line);
  if (!isSet('follow') || isSet('previous')) {
    stream.end();
    return;
  }
  stop = logs.follow(place, { onLine: (line) => isShown(line) && write(line), onEnd: () => stream.end() });
}

function linesOf(logs: PodLogStore, pod: KubeObject, place: ContainerPlace, previous: boolean): readonly LogLine[] {
  const { container } = place;
  const { name } = metaOf(pod);
  if (previous) {
    const lines = logs.previous(place);
    if (lines) return lines;
    throw badRequest(`previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} not found`);
  }
  const status = statusesOf(pod).find((each) => at(each, 'name') === container);
  const reason = asString(at(status, 'state', 'waiting', 'reason'));
  if (reason !== undefined && at(status, 'lastState', 'terminated') === undefined)
    throw badRequest(
      `container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} is waiting to start: ${reason === 'ErrImagePull' ? 'trying and failing to pull image' : reason}`,
    );
  return logs.current(place);
}

function statusesOf({ status }: JsonObject) {
  return [...asList(at(status, 'initContainerStatuses')), ...asList(at(status, 'containerStatuses'))];
}

function containerOf(pod: KubeObject, asked: string): string {
  const names = ['initContainers', 'containers'].flatMap((list) =>
    asList(at(pod, 'spec', list)).map((each) => asString(at(each, 'name')) ?? ''),
  );
  const { name } = metaOf(pod);
  const [only, ...others] = names;
  if (asked === '' && only !== undefined && others.length === 0) return only;
  if (asked === '') throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`);
  if (names.includes(asked)) return asked;
  throw badRequest(`container ${asked} is not valid for pod ${name}`);
}

function numberOf(query: URLSearchParams, option: string, least: number): number | undefined {
  const text = query.get(option);
  if (text === null) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (value >= least) return value;
  const message = `Invalid value: ${value}: must be greater than or equal to ${least}`;
  throw invalid({ group: '', kind: 'PodLogOptions' }, '', [cause(option, 'FieldValueInvalid', message)]);
}

/** Whole seconds: the API server passes the time on to the kubelet without its fraction. */
function sinceOf(query: URLSearchParams): bigint {
  const text = query.get('sinceTime');
  if (text === null) return 0n;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw badRequest(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00"`);
  return BigInt(Math.floor(time / 1000)) * 1_000_000_000n;
}

function formatLine({ at: time, bytes }: LogLine, isStamped: boolean): Buffer {
  const stamp = isStamped ? Buffer.from(`${stampOf(time)} `) : Buffer.alloc(0);
  return Buffer.concat([stamp, bytes, Buffer.from('\n')]);
}

function stampOf(time: bigint): string {
  const seconds = new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(time % 1_000_000_000n).padStart(9, '0')}Z`;
}
