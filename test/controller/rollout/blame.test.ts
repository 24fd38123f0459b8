import { expect, test } from 'vitest';
import { type Blame, blameOf } from '../../../src/controller/rollout/blame.ts';
import type { ContainerPhase, ContainerState, PodState } from '../../../src/resource/index.ts';

const RUNNING: ContainerPhase = { state: 'running' };
const waiting = (reason: string): ContainerPhase => ({ state: 'waiting', reason, message: 'm' });
const DONE: ContainerPhase = { state: 'terminated', reason: 'Completed', exitCode: 0, message: '' };

function container(now: ContainerPhase, part: Partial<ContainerState> = {}): ContainerState {
  return { name: 'web', image: 'acme/web:2', ready: false, restarts: 0, now, ...part };
}

function pod(containers: readonly ContainerState[], part: Partial<PodState> = {}): PodState {
  return { name: 'web-1', node: 'n1', phase: 'Running', ready: false, ending: false, containers, ...part };
}

const crash = { reason: 'Error', exitCode: 1, message: 'boom' };
const CRASHING = container(waiting('CrashLoopBackOff'), { restarts: 2, last: crash });
const blamed = (reason: string, rest: object = {}) => ({ by: 'image', pod: 'web-1', container: 'web', reason, ...rest });
const elsewhere = (reason: string) => ({ by: 'surroundings', reason });

test.each<[what: string, pods: readonly PodState[], blame: Partial<Blame> | object]>([
  ['a crash loop', [pod([CRASHING])], blamed('CrashLoopBackOff', { exitCode: 1, message: 'boom' })],
  [
    'a program that has just ended',
    [pod([container({ state: 'terminated', ...crash })])],
    blamed('Error', { exitCode: 1, message: 'boom' }),
  ],
  [
    'too little memory',
    [pod([container(waiting('CrashLoopBackOff'), { last: { reason: 'OOMKilled', exitCode: 137, message: '' } })])],
    blamed('CrashLoopBackOff', { exitCode: 137 }),
  ],
  ['an image that cannot be pulled', [pod([container(waiting('ImagePullBackOff'))])], blamed('ImagePullBackOff')],
  ['a program that does not exist', [pod([container(waiting('RunContainerError'))])], blamed('RunContainerError')],
  ['a readiness probe that fails', [pod([container(RUNNING)])], blamed('NotReady')],
  [
    'a program between two crashes',
    [pod([container(RUNNING, { restarts: 3, last: crash })])],
    blamed('Error', { exitCode: 1, message: 'boom' }),
  ],
  [
    'a crash after an init container that is done',
    [pod([container(DONE, { name: 'setup', image: 'acme/setup:1', ready: true }), CRASHING])],
    blamed('CrashLoopBackOff', { exitCode: 1, message: 'boom' }),
  ],
  [
    'no node',
    [pod([container({ state: 'unknown' })], { unscheduled: 'Unschedulable: 0/1 nodes' })],
    elsewhere('pod web-1: Unschedulable: 0/1 nodes'),
  ],
  ['an evicted pod', [pod([CRASHING], { reason: 'Evicted' })], elsewhere('pod web-1: Evicted')],
  ['a volume that is not mounted', [pod([container(waiting('ContainerCreating'))])], elsewhere('pod web-1: ContainerCreating')],
  [
    'a Secret that is missing',
    [pod([container(waiting('CreateContainerConfigError'))])],
    elsewhere('pod web-1: CreateContainerConfigError'),
  ],
  ['a registry that is down', [pod([container(waiting('RegistryUnavailable'))])], elsewhere('pod web-1: RegistryUnavailable')],
  [
    'a kubelet that says nothing',
    [pod([container({ state: 'unknown' })])],
    elsewhere('pod web-1: the kubelet has not started it'),
  ],
  ['no pod at all, as when a quota is used up', [], elsewhere('no pod has the new image')],
  ['only pods of the image before', [pod([{ ...CRASHING, image: 'acme/web:1' }])], elsewhere('no pod has the new image')],
  ['only pods that end', [pod([CRASHING], { ending: true })], elsewhere('no pod has the new image')],
  [
    'another container whose image did not change',
    [
      pod([
        container(RUNNING, { ready: true }),
        container(waiting('CrashLoopBackOff'), { name: 'proxy', image: 'acme/proxy:7' }),
      ]),
    ],
    { by: 'unknown', reason: 'container proxy, whose image is not new, fails: CrashLoopBackOff' },
  ],
  ['pods that are all ready', [pod([container(RUNNING, { ready: true })], { ready: true })], { by: 'unknown' }],
  [
    'one pod without a node, beside one that crashes',
    [pod([CRASHING]), pod([container({ state: 'unknown' })], { name: 'web-2', unscheduled: 'Unschedulable' })],
    elsewhere('pod web-2: Unschedulable'),
  ],
  [
    'crashes on one node only',
    [pod([CRASHING]), pod([container(RUNNING, { ready: true })], { name: 'web-2', node: 'n2', ready: true })],
    elsewhere('pods fail on node n1 only'),
  ],
  [
    'crashes of one pod among several on one node',
    [pod([CRASHING]), pod([container(RUNNING, { ready: true })], { name: 'web-2', ready: true })],
    blamed('CrashLoopBackOff'),
  ],
])('%s', (_what, pods, blame) => {
  expect(blameOf(pods, new Map([['web', 'acme/web:2']]))).toMatchObject(blame);
});
