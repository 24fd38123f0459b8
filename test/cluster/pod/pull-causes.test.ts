import { expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { List } from '../../../src/cluster/connection/list.ts';
import { withPullCauses } from '../../../src/cluster/pod/pull-causes.ts';
import type { PodState } from '../../../src/resource/index.ts';

const BACK_OFF = 'Back-off pulling image "acme/web:2"';

function pod(name: string, message: string, image = 'acme/web:2', reason = 'ImagePullBackOff'): PodState {
  const now = { state: 'waiting', reason, message } as const;
  return {
    name,
    phase: 'Pending',
    ready: false,
    ending: false,
    containers: [{ name: 'web', image, ready: false, restarts: 0, now }],
  };
}

const failed = (message: string, lastTimestamp: string) => ({ reason: 'Failed', message, lastTimestamp });

async function messages(pods: readonly PodState[], events: readonly object[] | FluxError) {
  const asked: (string | undefined)[] = [];
  const list: List = async (_kind, _namespace, { fieldSelector }) => {
    asked.push(fieldSelector);
    if (events instanceof FluxError) throw events;
    return events.map((each) => ({ ...each }));
  };
  const found = await withPullCauses(pods, 'shop', list, undefined);
  return { said: found.flatMap(({ containers }) => containers.map(({ now }) => 'message' in now && now.message)), asked };
}

test('the newest Event about the image says why it is not pulled', async () => {
  const events = [
    failed('Failed to pull image "acme/web:2": i/o timeout', '2026-01-01T00:01:00Z'),
    failed('Failed to pull image "acme/web:2": manifest unknown', '2026-01-01T00:02:00Z'),
    failed('Failed to pull image "acme/proxy:1": unauthorized', '2026-01-01T00:03:00Z'),
    failed('Error: ImagePullBackOff', '2026-01-01T00:04:00Z'),
  ];
  expect(await messages([pod('web-1', BACK_OFF)], events)).toEqual({
    said: ['manifest unknown'],
    asked: ['involvedObject.kind=Pod,involvedObject.name=web-1'],
  });
});

test('the kubelet names the tag of an image without one', async () => {
  const event = failed('Failed to pull image "acme/web:latest": not found', '2026-01-01T00:01:00Z');
  expect((await messages([pod('web-1', '', 'acme/web')], [event])).said).toEqual(['not found']);
});

test('nothing is asked about pods that say why, and of many others only two', async () => {
  const known = [pod('a', `${BACK_OFF}: ErrImagePull: not found`), pod('b', 'not found', 'acme/web:2', 'ErrImagePull')];
  expect(await messages(known, [])).toMatchObject({ asked: [] });
  const many = ['c', 'd', 'e'].map((name) => pod(name, BACK_OFF));
  expect(await messages(many, [])).toMatchObject({ said: [BACK_OFF, BACK_OFF, BACK_OFF], asked: { length: 2 } });
});

test('Events that may not be read leave the cause open; other failures are not hidden', async () => {
  const forbidden = new FluxError('no', { code: 'cluster/forbidden' });
  expect((await messages([pod('a', BACK_OFF)], forbidden)).said).toEqual([BACK_OFF]);
  const down = new FluxError('no', { code: 'cluster/unreachable' });
  await expect(messages([pod('a', BACK_OFF)], down)).rejects.toBe(down);
});
