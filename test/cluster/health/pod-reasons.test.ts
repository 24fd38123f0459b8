import { expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../../src/cluster/connection/transport.ts';
import { createPodReasons, whyNotReady } from '../../../src/cluster/health/pod-reasons.ts';
import { podSelectorOf } from '../../../src/cluster/pod/pod-selector.ts';
import { podStateOf } from '../../../src/cluster/pod/pod-state.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';

const waiting = (reason: string, message = '', lastState: object = {}) => ({
  metadata: { name: 'web-1' },
  status: { containerStatuses: [{ name: 'web', state: { waiting: { reason, message } }, lastState }] },
});
const READY = { metadata: { name: 'web-0' }, status: { containerStatuses: [{ name: 'web', state: { running: {} } }] } };

test.each<[string, readonly object[], string | undefined]>([
  ['no pod', [], undefined],
  ['pods that are well', [READY], undefined],
  ['a pod that is being made', [waiting('ContainerCreating')], undefined],
  [
    'an image that is not there, beside a pod that is well',
    [READY, waiting('ImagePullBackOff', 'Back-off pulling image "acme/web:2"')],
    'pod web-1: ImagePullBackOff: Back-off pulling image "acme/web:2"',
  ],
  [
    'a container that ends again and again',
    [waiting('CrashLoopBackOff', '', { terminated: { reason: 'OOMKilled', exitCode: 137 } })],
    'pod web-1: CrashLoopBackOff (ended before: OOMKilled, exit code 137)',
  ],
  [
    'an init container',
    [
      {
        metadata: { name: 'web-1' },
        status: { initContainerStatuses: [{ name: 'i', state: { waiting: { reason: 'ErrImagePull', message: 'no' } } }] },
      },
    ],
    'pod web-1: ErrImagePull: no',
  ],
  [
    'no node',
    [
      {
        metadata: { name: 'web-1' },
        status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }] },
      },
    ],
    'pod web-1: Unschedulable: 0/3 nodes',
  ],
  [
    'a program that does not exist',
    [waiting('RunContainerError', 'OCI runtime create failed: exec: "/bin/login hunter2"')],
    'pod web-1: RunContainerError',
  ],
  [
    'a container that cannot be created',
    [waiting('CreateContainerError', 'failed to generate spec: --password=hunter2')],
    'pod web-1: CreateContainerError',
  ],
  [
    'a Secret that is missing',
    [waiting('CreateContainerConfigError', 'secret "db" not found')],
    'pod web-1: CreateContainerConfigError: secret "db" not found',
  ],
  ['a long text', [waiting('ErrImagePull', 'y'.repeat(9999))], `pod web-1: ErrImagePull: ${'y'.repeat(275)}`],
  ['nonsense', [{ status: 7 }, { status: { containerStatuses: 'x' } }], undefined],
])('what is said of %s', (_name, pods, expected) => {
  expect(whyNotReady(pods.map((pod) => podStateOf({ ...pod })))).toBe(expected);
});

test.each<[object, string | undefined]>([
  [{ spec: { selector: { matchLabels: { app: 'web', tier: 'front' } } } }, 'app=web,tier=front'],
  [{ spec: { selector: { matchLabels: { app: 'web' }, matchExpressions: [] } } }, undefined],
  [{ spec: { selector: {} } }, undefined],
  [{}, undefined],
])('the pods of %j are those of %j', (object, expected) => {
  expect(podSelectorOf(object as never)).toBe(expected);
});

function started(answer: (request: ApiRequest) => ApiResponse['body']) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const closing = new AbortController();
  let news = 0;
  const transport = {
    async request(request: ApiRequest): Promise<ApiResponse> {
      asked.push(`${request.path} ${request.query?.labelSelector}`);
      return { status: 200, headers: {}, attempts: 1, body: answer(request) };
    },
  } as Transport;
  const onChange = () => {
    news += 1;
  };
  const reasons = createPodReasons<string>({ transport, clock, signal: closing.signal, onChange });
  return { clock, asked, reasons, news: () => news, close: () => closing.abort() };
}

const WEB = { namespace: 'shop', labelSelector: 'app=web' };

test('pods are looked at while their workload is followed, and news are told', async () => {
  let pods: readonly object[] = [waiting('ImagePullBackOff')];
  const { clock, asked, reasons, news } = started(() => ({ items: pods }));
  reasons.follow('web', WEB);
  reasons.follow('web', WEB);
  await clock.advance(2_000);
  await until('the reason is known', () => reasons.of('web') === 'pod web-1: ImagePullBackOff');
  expect([asked, news()]).toEqual([['/api/v1/namespaces/shop/pods app=web'], 1]);
  pods = [READY];
  await until('the reason is gone', async () => {
    await clock.advance(5_000);
    return reasons.of('web') === undefined;
  });
  reasons.follow('web', undefined);
  const before = asked.length;
  await clock.advance(60_000);
  expect([asked.length, news()]).toEqual([before, 2]);
});

test.each(['cluster/forbidden', 'cluster/unreachable'])('what cannot be looked at is left out: %s', async (code) => {
  const { clock, asked, reasons, news, close } = started(() => {
    throw new FluxError('no', { code });
  });
  reasons.follow('web', WEB);
  await clock.advance(2_000);
  await until('it was asked', () => asked.length === 1);
  const again = async () => {
    await clock.advance(5_000);
    return asked.length === 2;
  };
  if (code === 'cluster/unreachable') await until('it was asked again', again);
  else for (let n = 0; n < 5; n += 1) expect(await again()).toBe(false);
  expect([asked.length, reasons.of('web'), news()]).toEqual([code === 'cluster/forbidden' ? 1 : 2, undefined, 0]);
  close();
});
