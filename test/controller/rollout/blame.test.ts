import { expect, test } from 'vitest';
import { type Blame, blameOf } from '../../../src/controller/rollout/blame.ts';
import type { ContainerPhase, ContainerState, PodState } from '../../../src/resource/index.ts';

const RUNNING: ContainerPhase = { state: 'running' };
const waiting = (reason: string, message = 'm'): ContainerPhase => ({ state: 'waiting', reason, message });
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

const BACK_OFF = 'Back-off pulling image "acme/web:2"';

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
  [
    'an image that is not there, and another pod that does not say why',
    [
      pod([container(waiting('ImagePullBackOff', BACK_OFF))], { name: 'web-0' }),
      pod([container(waiting('ErrImagePull', 'manifest unknown'))]),
    ],
    blamed('ErrImagePull'),
  ],
  [
    'a pull whose cause is not known',
    [pod([container(waiting('ImagePullBackOff', BACK_OFF))])],
    { by: 'unknown', reason: 'pod web-1: ImagePullBackOff; the cause of the failed pull is not known' },
  ],
  ['a name that is no image', [pod([container(waiting('InvalidImageName', 'x'))])], blamed('InvalidImageName')],
  [
    'a program that is not ready, as those of the image before',
    [pod([container(RUNNING)]), pod([container(RUNNING, { image: 'acme/web:1' })], { name: 'web-0' })],
    elsewhere('pods of the earlier image are not ready either'),
  ],
  [
    'a program that is not ready, beside pods of the image before that are, that end, or that were evicted',
    [
      pod([container(RUNNING)]),
      pod([container(RUNNING, { image: 'acme/web:1', ready: true })], { name: 'a', ready: true }),
      pod([container(RUNNING, { image: 'acme/web:1' })], { name: 'b', ending: true }),
      pod([container(DONE, { image: 'acme/web:1' })], { name: 'c', phase: 'Failed' }),
    ],
    blamed('NotReady'),
  ],
  [
    'a crash, beside pods of the image before that are not ready',
    [pod([CRASHING]), pod([container(RUNNING, { image: 'acme/web:1' })], { name: 'web-0' })],
    blamed('CrashLoopBackOff'),
  ],
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

const PULL = 'failed to pull and unpack image "docker.io/acme/web:2": failed to resolve reference "docker.io/acme/web:2": ';

test.each<[by: 'image' | 'surroundings', message: string]>([
  ['image', `rpc error: code = NotFound desc = ${PULL}docker.io/acme/web:2: not found`],
  ['image', `${PULL}docker.io/acme/web:2: not found`],
  ['image', 'no match for platform in manifest sha256:2b1c: not found'],
  ['image', 'no matching manifest for linux/arm64 in the manifest list entries'],
  ['image', 'Error response from daemon: manifest for acme/web:2 not found: manifest unknown: manifest unknown'],
  ['image', 'reading manifest 2 in docker.io/acme/web: manifest unknown'],
  ['image', 'name unknown: repository acme/web not found in registry'],
  ['image', 'no such image: acme/web:2'],
  ['image', 'Failed to apply default image tag "acme/web:2_": couldn\'t parse image name: invalid reference format'],
  ['surroundings', `${PULL}unexpected status from HEAD request to https://r/v2/web/manifests/2: 429 Too Many Requests`],
  ['surroundings', `${PULL}failed to do request: Head "https://r/v2/": dial tcp 10.0.0.1:443: i/o timeout`],
  ['surroundings', `${PULL}failed to do request: Head "https://r/v2/": dial tcp: lookup r: no such host`],
  ['surroundings', `${PULL}failed to do request: tls: failed to verify certificate: x509: certificate has expired`],
  ['surroundings', `${PULL}unexpected status from HEAD request to https://r/v2/web/manifests/2: 401 Unauthorized`],
  ['surroundings', 'pull access denied, repository does not exist or may require authorization'],
  ['surroundings', 'failed to authorize: unexpected status from GET request to https://r/token: 404 Not Found'],
  ['surroundings', 'error getting credentials: exec: "docker-credential-ecr": executable file not found in $PATH'],
  ['surroundings', 'failed to extract layer: write /var/lib/containerd: no space left on device'],
])('blames the %s when a pull fails with: %s', (by, message) => {
  const images = new Map([['web', 'acme/web:2']]);
  const verdict = (reason: string, said: string) => blameOf([pod([container(waiting(reason, said))])], images);
  const expected = (reason: string) => (by === 'image' ? blamed(reason) : elsewhere(`pod web-1: ${reason}`));
  expect(verdict('ErrImagePull', message)).toEqual(expected('ErrImagePull'));
  expect(verdict('ImagePullBackOff', `${BACK_OFF}: ErrImagePull: ${message}`)).toEqual(expected('ImagePullBackOff'));
});

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each<[imageId: string, digest: string | undefined]>([
  [`docker.io/acme/web@${DIGEST}`, DIGEST],
  [`docker-pullable://acme/web@${DIGEST}`, DIGEST],
  [`mirror.example.com/acme/web@${DIGEST}`, undefined],
  [DIGEST, undefined],
  ['docker.io/acme/web@sha256:x', undefined],
  ['/', undefined],
])('the failed image %s has the digest %s', (imageId, digest) => {
  const blame = blameOf([pod([{ ...CRASHING, imageId }])], new Map([['web', 'acme/web:2']]));
  expect('digest' in blame ? blame.digest : undefined).toBe(digest);
});
