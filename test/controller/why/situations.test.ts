import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Change } from '../../../src/change/index.ts';
import { following } from '../../../src/controller/leadership/leadership.ts';
import { NO_MIN_AGE } from '../../../src/policy/index.ts';
import {
  event,
  evidenceFrom,
  FAILED_CREATE,
  liveDeployment,
  POD,
  PROGRESSING,
  pod,
  type Recorded,
  replicaSet,
} from './recorded.ts';
import { deployment, FILE, failedWith, type Given, HEAD, ID, manifestOf, NOW, OLD, whyIn } from './world.ts';

/** What is seeded, and the answer's first line; `cause` names the rule. */
interface Situation {
  readonly given?: Given;
  /** What the cluster answers about it; healthy when absent. */
  readonly recorded?: Recorded;
  readonly cause: string;
  readonly answer: string;
}

const REQUEST = { name: '#12', url: 'https://git.example.org/acme/shop/pulls/12' };
const NEWER = { '1.0.0': {}, '1.1.0': {} };
/** A rollout that goes on. */
const ROLLING: Recorded = { deployment: liveDeployment(), replicaSets: [replicaSet()] };
const UNIT = 'envs/staging/../.flux.yaml';
const NO_KUSTOMIZE = new FluxError('kustomize: not found', { code: 'generation/command-failed', fault: 'user' });
const IMAGE = 'registry.example.org/acme/web:1.1.0';
const BAD = `sha256:${'b'.repeat(64)}`;
const rejected = (reason: string) =>
  new FluxError(
    `git push: failed to push some refs to 'https://git.example.org/shop.git', full output:\n To https://git.example.org/shop.git\n! main [remote rejected] (${reason})\nerror: failed to push some refs`,
    { code: 'git/push-failed', fault: 'user', help: 'Problem committing and pushing to git repository.' },
  );

const SITUATIONS: Readonly<Record<string, Situation>> = {
  'wrong pattern': {
    given: { annotations: { 'fluxcd.io/tag.web': 'semver:~3' }, tags: NEWER },
    cause: 'decision/no-match',
    answer: `${ID} is not updated: none of the 2 tags that are known matches the pattern semver:~3.`,
  },
  'invalid pattern': {
    given: { annotations: { 'fluxcd.io/tag.web': 'semver:x.y' }, tags: NEWER },
    cause: 'decision/bad-pattern',
    answer: `${ID} is not updated: invalid tag pattern: "semver:x.y".`,
  },
  ban: {
    given: { annotations: { 'fluxcd.io/ban.web': '1.1.0' }, tags: NEWER },
    cause: 'decision/banned',
    answer: `${ID} is not updated: tag 1.1.0 is banned.`,
  },
  'signature by an unknown key': {
    given: { annotations: { 'fluxcd.io/verify.web': 'cosign:acme' }, tags: NEWER },
    cause: 'decision/bad-verify',
    answer: `${ID} is not updated: invalid signature policy "cosign:acme": it names a key that fluxd does not have: --registry-verify-keys has no acme.pub.`,
  },
  'reverted update': {
    given: {
      annotations: { 'fluxcd.io/ban.web': '1.1.0' },
      tags: NEWER,
      blame: Array.from({ length: 20 }, (_, line) => ({ line, revision: HEAD, author: 'Flux', at: NOW, subject: 'Revert' })),
      notes: new Map([
        [
          HEAD,
          JSON.stringify({
            jobID: '7',
            spec: {
              type: 'auto',
              cause: { Message: '', User: '' },
              spec: {
                Changes: [{ WorkloadID: ID, Container: { Name: 'web', Image: 'acme/web:1.1.0' }, ImageID: 'acme/web:1.0.0' }],
                Revert: {
                  Commit: OLD,
                  Reasons: { [ID]: 'container web: CrashLoopBackOff, exit code 1 (pod web-1): "cannot log in (hunter2)"' },
                },
              },
            },
            result: {},
          }),
        ],
      ]),
    },
    cause: 'decision/reverted',
    answer: `${ID} is not updated: automation reverted the update to 1.1.0: container web: CrashLoopBackOff, exit code 1 (pod web-1).`,
  },
  'ban by digest': {
    given: { annotations: { 'fluxcd.io/ban.web': `@${BAD}` }, tags: { '1.0.0': {}, '1.1.0': { digest: BAD } } },
    cause: 'decision/banned',
    answer: `${ID} is not updated: tag 1.1.0 is banned by its digest ${BAD}.`,
  },
  window: {
    given: { annotations: { 'fluxcd.io/window': '0 9 * * mon-fri / 8h / UTC' }, tags: NEWER },
    cause: 'decision/window',
    answer: `${ID} is not updated yet: the update to acme/web:1.1.0 waits: outside of its window, "0 9 * * mon-fri / 8h / UTC"; automation goes on at 2026-12-07T09:00:00Z.`,
  },
  freeze: {
    given: { annotations: { 'fluxcd.io/freeze': '0 0 * * sat / 48h / UTC' }, tags: NEWER },
    cause: 'decision/freeze',
    answer: `${ID} is not updated yet: the update to acme/web:1.1.0 waits: in a freeze, "0 0 * * sat / 48h / UTC"; automation goes on at 2026-12-07T00:00:00Z.`,
  },
  'invalid window': {
    given: { annotations: { 'fluxcd.io/window': 'weekdays' }, tags: NEWER },
    cause: 'decision/bad-schedule',
    answer: `${ID} is not updated: invalid window "weekdays": it "weekdays" is not "minute hour day month weekday / duration / time zone".`,
  },
  'minimum age': {
    given: {
      annotations: { 'fluxcd.io/min-age': '72h' },
      tags: { '1.0.0': {}, '1.1.0': { digest: BAD } },
      timing: {
        ages: {
          byDefault: NO_MIN_AGE,
          seen: new Map([['index.docker.io/acme/web', new Map([['1.1.0', { digest: BAD, since: NOW - 3_600_000 }]])]]),
          inProcess: false,
        },
      },
    },
    cause: 'decision/min-age',
    answer: `${ID} is not updated yet: the update to acme/web:1.1.0 waits: tag 1.1.0 has not the minimum age of 72h, first seen at 2026-12-05T11:00:00Z; automation goes on at 2026-12-08T11:00:00Z.`,
  },
  'pull-request': {
    given: { tags: NEWER, timing: { proposals: { of: () => ({ state: 'open', branch: 'flux-updates', request: REQUEST }) } } },
    cause: 'decision/pull-request',
    answer: `${ID} is not updated yet: the update to acme/web:1.1.0 waits: pull request #12, https://git.example.org/acme/shop/pulls/12.`,
  },
  'push-branch': {
    given: { tags: NEWER, timing: { proposals: { of: () => ({ state: 'open', branch: 'flux-updates' }) } } },
    cause: 'decision/pull-request',
    answer: `${ID} is not updated yet: the update to acme/web:1.1.0 waits: a person has to merge branch flux-updates.`,
  },
  'pull-request-closed': {
    given: { tags: NEWER, timing: { proposals: { of: () => ({ state: 'closed', request: REQUEST }) } } },
    cause: 'decision/pull-request-closed',
    answer: `${ID} is not updated: pull request #12 was closed without merging it, https://git.example.org/acme/shop/pulls/12.`,
  },
  'push-branch-taken': {
    given: { tags: NEWER, timing: { proposals: { of: () => ({ state: 'blocked', branch: 'flux-updates' }) } } },
    cause: 'decision/push-branch-taken',
    answer: `${ID} is not updated: branch flux-updates has commits of others, so fluxd leaves it alone.`,
  },
  gathering: {
    given: { tags: NEWER, timing: { gathering: { ripeAt: () => NOW + 15_000 } } },
    cause: 'decision/gathering',
    answer: `${ID} is not updated yet: the update to acme/web:1.1.0 waits: while updates are gathered; automation goes on at 2026-12-05T12:00:15Z.`,
  },
  'suspended in Git': {
    given: { annotations: { 'fluxcd.io/suspend': 'true' }, tags: NEWER },
    cause: 'decision/suspended',
    answer: `${ID} is not updated: automation of the workload is suspended in Git.`,
  },
  'all automation suspended': {
    given: { tags: NEWER, timing: { suspension: { user: 'Jane', message: 'audit', since: NOW - 7_200_000 } } },
    cause: 'decision/suspended',
    answer: `${ID} is not updated: automation is suspended by Jane since 2026-12-05T10:00:00Z: "audit".`,
  },
  'digest that cannot be pinned': {
    given: { annotations: { 'fluxcd.io/pin.web': 'yes' }, tags: NEWER },
    cause: 'decision/bad-pin',
    answer: `${ID} is not updated: invalid pin "yes": it is "true" or "false".`,
  },
  lock: {
    given: { annotations: { 'fluxcd.io/locked': 'true' }, tags: NEWER },
    cause: 'decision/locked',
    answer: `${ID} is not updated: locked.`,
  },
  'ignored in the cluster': {
    given: {
      inCluster: { 'fluxcd.io/ignore': 'true' },
      tags: NEWER,
      change: { outcome: 'skipped', reason: 'ignore is set in the cluster' } as Partial<Change>,
    },
    cause: 'policies/ignored-in-cluster',
    answer: `${ID} is left alone: the object in the cluster has fluxcd.io/ignore: "true".`,
  },
  'not in the repository': {
    given: { inGit: false },
    cause: 'place/not-in-git',
    answer: `${ID} is not synced: it is in the cluster, but not in revision bbbbbbb of branch main.`,
  },
  'registry 401': {
    given: {
      tags: NEWER,
      scan: {
        scannedAt: undefined as never,
        error: new FluxError('list tags of acme/web: status 401, unauthorized', {
          code: 'registry/unauthorized',
          help: 'Add an imagePullSecret.',
        }),
      },
    },
    cause: 'registry/unauthorized',
    answer: `${ID} is not updated: the tags of index.docker.io/acme/web cannot be read: list tags of acme/web: status 401, unauthorized.`,
  },
  'registry that a flag leaves out': {
    given: { scan: { scannedAt: undefined as never }, barredBy: '--registry-exclude-image=index.docker.io/acme/*' },
    cause: 'registry/barred',
    answer: `${ID} is not updated: index.docker.io/acme/web is not read (--registry-exclude-image=index.docker.io/acme/*).`,
  },
  'rate limited': {
    given: { tags: NEWER, scan: { scannedAt: undefined as never, blockedUntil: NOW + 600_000 } },
    cause: 'registry/rate-limited',
    answer: `${ID} is not updated yet: the registry of index.docker.io/acme/web limits the rate of requests, and is read again at 2026-12-05T12:10:00Z.`,
  },
  'tag without creation time': {
    given: { annotations: { 'fluxcd.io/tag.web': 'glob:*' }, tags: { '1.0.0': {}, main: { createdAt: 1 } } },
    cause: 'decision/no-time',
    answer: `${ID} is not updated: the creation time of tag 1.0.0 is unknown, so it is unknown whether main is newer.`,
  },
  'pull secret missing': {
    given: {
      spec: { imagePullSecrets: [{ name: 'registry-login' }] },
      scan: {
        scannedAt: undefined as never,
        error: new FluxError('list tags of acme/web: status 401', { code: 'registry/unauthorized' }),
      },
    },
    cause: 'registry/pull-secret-missing',
    answer: `${ID} is not updated: the tags of index.docker.io/acme/web cannot be read, and its pull secret registry-login cannot be found.`,
  },
  'push rejected': {
    given: { tags: NEWER, automation: rejected('read-only deploy key') },
    cause: 'commit/push-rejected',
    answer: `${ID} is not updated: Git rejects the push of the update to 1.1.0: read-only deploy key.`,
  },
  'branch protected': {
    given: { tags: NEWER, automation: rejected('protected branch hook declined') },
    cause: 'commit/branch-protected',
    answer: `${ID} is not updated: branch main is protected, and rejects the push of the update to 1.1.0: protected branch hook declined.`,
  },
  'held deletion': {
    given: {
      inGit: false,
      change: {
        inGit: false,
        place: undefined as never,
        outcome: 'held',
        reason: 'it holds data; its deletion needs approval',
      } as Partial<Change>,
    },
    cause: 'sync/held-deletion',
    answer: `${ID} is not deleted: it left Git, and its deletion is held: it holds data; its deletion needs approval.`,
  },
  'unit that could not be rendered, whose deletions are held': {
    given: {
      inGit: false,
      unitBefore: UNIT,
      errors: [{ file: 'envs/.flux.yaml', unit: UNIT, error: NO_KUSTOMIZE }],
      change: {
        inGit: false,
        place: undefined as never,
        outcome: 'held',
        reason: '1 part of the repository could not be read',
      } as Partial<Change>,
    },
    cause: 'place/unrendered',
    answer: `${ID} is not synced: its unit ${UNIT} could not be rendered, and it stays as it is: kustomize: not found.`,
  },
  'unit that could not be rendered, without garbage collection': {
    given: { inGit: false, unitBefore: UNIT, errors: [{ file: 'envs/.flux.yaml', unit: UNIT, error: NO_KUSTOMIZE }] },
    cause: 'place/unrendered',
    answer: `${ID} is not synced: its unit ${UNIT} could not be rendered, and it stays as it is: kustomize: not found.`,
  },
  'unit of which a document is refused': {
    given: {
      inGit: false,
      unitBefore: UNIT,
      errors: [{ file: 'envs/.flux.yaml', unit: UNIT, document: 2, error: NO_KUSTOMIZE }],
    },
    cause: 'place/unrendered',
    answer: `${ID} is not synced: its unit ${UNIT} could not be rendered in full, and it stays as it is: kustomize: not found.`,
  },
  'unit that could not be rendered, after a restart': {
    given: {
      inGit: false,
      errors: [{ file: 'envs/.flux.yaml', unit: UNIT, error: NO_KUSTOMIZE }],
      change: {
        inGit: false,
        place: undefined as never,
        outcome: 'held',
        reason: '1 part of the repository could not be read',
      } as Partial<Change>,
    },
    cause: 'sync/held-deletion',
    answer: `${ID} is not deleted: it is not in Git, as far as it is known, and its deletion is held: 1 part of the repository could not be read.`,
  },
  'object that another unit rendered than the one that failed': {
    given: {
      inGit: false,
      unitBefore: 'envs/production/../.flux.yaml',
      errors: [{ file: 'envs/.flux.yaml', unit: UNIT, error: NO_KUSTOMIZE }],
    },
    cause: 'place/not-in-git',
    answer: `${ID} is not synced: it is in the cluster, but not in revision bbbbbbb of branch main.`,
  },
  'document of the output of a unit': {
    given: {
      inGit: false,
      errors: [{ id: ID, file: 'envs/.flux.yaml', unit: UNIT, document: 2, error: new FluxError('no name', { code: 'x/y' }) }],
    },
    cause: 'place/refused',
    answer: `${ID} is not synced: the manifest at ${UNIT} (output, document 2) is refused: no name.`,
  },
  'waits for an object that is not healthy': {
    given: {
      change: {
        outcome: 'held',
        reason: 'waits for db: shop:deployment/db is not ready',
        waitsFor: { path: 'db', id: 'shop:deployment/db', forHealth: true },
      } as Partial<Change>,
    },
    cause: 'sync/dependency',
    answer: `${ID} is not applied yet: it waits for db: shop:deployment/db is not ready.`,
  },
  'waits for what could not be read': {
    given: {
      change: {
        outcome: 'held',
        reason: 'waits for db: some of it could not be read',
        waitsFor: { path: 'db', forHealth: false },
      } as Partial<Change>,
    },
    cause: 'sync/dependency',
    answer: `${ID} is not applied yet: it waits for db: some of it could not be read.`,
  },
  'fight with another manager': {
    given: {
      change: {
        outcome: 'held',
        reason: 'spec.replicas was changed by other-operator; repeatedly, so corrections back off, up to 10 minutes',
      } as Partial<Change>,
    },
    cause: 'sync/fight',
    answer: `${ID} does not stay as in Git: another manager changes it again after each correction: spec.replicas was changed by other-operator; repeatedly, so corrections back off, up to 10 minutes.`,
  },
  'fight between two corrections': {
    recorded: {
      deployment: liveDeployment([PROGRESSING], {
        managedFields: [
          { manager: 'flux', operation: 'Apply', time: '2026-12-05T11:58:00Z', fieldsV1: {} },
          { manager: 'other-operator', operation: 'Update', time: '2026-12-05T11:59:00Z', fieldsV1: {} },
        ],
      }),
      corrected: { corrections: 5, until: NOW + 30_000 },
    },
    cause: 'sync/fight',
    answer: `${ID} does not stay as in Git: other-operator changes it again after each correction, 5 times so far.`,
  },
  'HPA holds replicas': {
    given: {
      change: {
        warnings: [
          new FluxError(
            'spec.replicas 1 is not applied: kube-controller-manager holds 3 through the scale subresource; HorizontalPodAutoscaler web decides',
            {
              code: 'cluster/replicas-held',
            },
          ),
        ],
      } as Partial<Change>,
    },
    cause: 'sync/replicas-held',
    answer: `${ID} is applied, except for its replicas: spec.replicas 1 is not applied: kube-controller-manager holds 3 through the scale subresource; HorizontalPodAutoscaler web decides.`,
  },
  'immutable field': {
    given: failedWith('cluster/immutable', 'Deployment.apps "web" is invalid: spec.selector: field is immutable'),
    cause: 'sync/immutable',
    answer: `${ID} is not applied: Deployment.apps "web" is invalid: spec.selector: field is immutable.`,
  },
  'admission webhook denies': {
    given: failedWith('cluster/denied', 'admission webhook "policy.example.org" denied the request: no root'),
    cause: 'sync/denied',
    answer: `${ID} is not applied: admission webhook "policy.example.org" denied the request: no root.`,
  },
  'CRD missing': {
    given: failedWith(
      'cluster/unknown-kind',
      'no kind Certificate in apiVersion cert-manager.io/v1 in this cluster; is its CRD installed?',
    ),
    cause: 'sync/unknown-kind',
    answer: `${ID} is not applied: no kind Certificate in apiVersion cert-manager.io/v1 in this cluster; is its CRD installed?`,
  },
  'quota at the apply': {
    given: failedWith(
      'cluster/forbidden',
      'pods "web" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
    ),
    cause: 'sync/quota',
    answer: `${ID} is not applied: pods "web" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2.`,
  },
  'namespace terminating': {
    given: failedWith('cluster/namespace-terminating', 'deployments.apps "web" is forbidden: namespace shop is being terminated'),
    cause: 'sync/namespace-terminating',
    answer: `${ID} is not applied: deployments.apps "web" is forbidden: namespace shop is being terminated.`,
  },
  'manifest refused at a line': {
    given: {
      inGit: false,
      runs: false,
      errors: [
        {
          file: FILE,
          line: 7,
          id: ID,
          error: new FluxError('metadata.labels.app is a number; labels are text', { code: 'manifests/bad-object' }),
        },
      ],
    },
    cause: 'place/refused',
    answer: `${ID} is not synced: the manifest at ${FILE}:7 is refused: metadata.labels.app is a number; labels are text.`,
  },
  duplicate: {
    given: {
      manifests: [manifestOf(deployment({}), 'deploy/copy.yaml', 5)],
      ...failedWith(
        'cluster/duplicate',
        `${ID} is defined 2 times: ${FILE}:1 (document 1), deploy/copy.yaml:5 (document 1)`,
        'Keep one.',
      ),
    },
    cause: 'place/duplicate',
    answer: `${ID} is not synced: it is defined 2 times, at ${FILE}:1 and deploy/copy.yaml:5, and none of them is applied.`,
  },
  'another leader': {
    given: { leadership: following('flux-7d4f9-x2x2x'), tags: NEWER },
    cause: 'sync/another-leader',
    answer: `${ID} is not synced by this daemon: flux-7d4f9-x2x2x leads and syncs; this daemon is on standby.`,
  },
  'sync tag blocked': {
    given: { unrecorded: rejected('tag update declined') },
    cause: 'sync/not-recorded',
    answer: `${ID} is applied, but not recorded: Git rejects the sync tag and the record of revision bbbbbbb: tag update declined.`,
  },
  'revision not applied yet': {
    given: { applied: OLD },
    cause: 'sync/not-applied',
    answer: `${ID} is not applied yet: the last sync applied revision aaaaaaa, and bbbbbbb was fetched since.`,
  },
  ImagePullBackOff: {
    recorded: {
      ...ROLLING,
      pods: [pod({ state: { waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${IMAGE}"` } } })],
      events: [
        event('BackOff', `Back-off pulling image "${IMAGE}"`, { count: 9 }),
        event(
          'Failed',
          `Failed to pull image "${IMAGE}": rpc error: code = NotFound desc = failed to pull and unpack image "${IMAGE}": not found`,
        ),
      ],
    },
    cause: 'rollout/image-pull',
    answer: `${ID} is not healthy: pod ${POD}: its image ${IMAGE} cannot be pulled (ImagePullBackOff): failed to pull and unpack image "${IMAGE}": not found.`,
  },
  'pull secret missing on the node': {
    recorded: {
      ...ROLLING,
      pods: [pod({ state: { waiting: { reason: 'ErrImagePull', message: 'authorization failed' } } })],
      events: [
        event(
          'FailedToRetrieveImagePullSecret',
          'Unable to retrieve some image pull secrets (registry-login); attempting to pull the image may not succeed.',
        ),
      ],
    },
    cause: 'rollout/pull-secret-missing',
    answer: `${ID} is not healthy: pod ${POD}: its image ${IMAGE} cannot be pulled, and its pull secret registry-login cannot be found.`,
  },
  'crash loop': {
    recorded: {
      ...ROLLING,
      pods: [
        pod({
          restartCount: 4,
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 1m20s restarting failed container=web' } },
          lastState: {
            terminated: {
              exitCode: 127,
              reason: 'StartError',
              message: 'exec: "serve": PASSWORD=hunter2',
              finishedAt: '2026-12-05T11:58:00Z',
            },
          },
        }),
      ],
      events: [event('BackOff', 'Back-off restarting failed container web in pod', { count: 12 })],
    },
    cause: 'rollout/crash-loop',
    answer: `${ID} is not healthy: pod ${POD}: container web crashes again and again: exit code 127, its command was not found, after 4 restarts.`,
  },
  'out of memory': {
    recorded: {
      ...ROLLING,
      pods: [
        pod({
          restartCount: 2,
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting failed container=web' } },
          lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-12-05T11:58:00Z' } },
        }),
      ],
    },
    cause: 'rollout/out-of-memory',
    answer: `${ID} is not healthy: pod ${POD}: container web was killed for using more memory than its limit (OOMKilled, exit code 137), after 2 restarts.`,
  },
  'readiness probe fails': {
    recorded: {
      ...ROLLING,
      pods: [pod({ started: true, state: { running: { startedAt: '2026-12-05T11:50:02Z' } } })],
      events: [event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503', { count: 57 })],
    },
    cause: 'rollout/probe',
    answer: `${ID} is not healthy: pod ${POD}: container web runs, but is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503, 57 times.`,
  },
  'PVC pending': {
    recorded: {
      ...ROLLING,
      pods: [
        pod(undefined, {
          unscheduled: '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found',
          spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
        }),
      ],
      claims: { data: { metadata: { name: 'data' }, spec: { storageClassName: 'fast' }, status: { phase: 'Pending' } } },
      events: [
        event('ProvisioningFailed', 'storageclass.storage.k8s.io "fast" not found', {
          kind: 'PersistentVolumeClaim',
          name: 'data',
        }),
      ],
    },
    cause: 'rollout/pvc-pending',
    answer: `${ID} is not healthy: pod ${POD}: PersistentVolumeClaim data (storage class fast) is Pending: storageclass.storage.k8s.io "fast" not found.`,
  },
  'node selector matches nothing': {
    recorded: {
      ...ROLLING,
      pods: [
        pod(undefined, {
          unscheduled:
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
          spec: { nodeSelector: { disk: 'ssd' } },
        }),
      ],
    },
    cause: 'rollout/node-selector',
    answer: `${ID} is not healthy: pod ${POD}: no node matches its node selector disk=ssd.`,
  },
  quota: {
    recorded: {
      deployment: liveDeployment([
        PROGRESSING,
        FAILED_CREATE(
          `pods "web-6d4cf56db6-9x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1`,
        ),
      ]),
      replicaSets: [replicaSet()],
    },
    cause: 'rollout/quota',
    answer: `${ID} is not healthy: its pods exceed the quota of the namespace: pods "web-6d4cf56db6-9x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1.`,
  },
  'admission webhook denies its pods': {
    recorded: {
      deployment: liveDeployment(),
      replicaSets: [replicaSet([FAILED_CREATE('admission webhook "pods.example.org" denied the request: no latest tags')])],
    },
    cause: 'rollout/pods-denied',
    answer: `${ID} is not healthy: an admission policy rejects its pods: admission webhook "pods.example.org" denied the request: no latest tags.`,
  },
  'finalizer of a dead controller': {
    given: {
      inGit: false,
      change: { inGit: false, place: undefined as never, outcome: 'deleted', reason: 'it left Git' } as Partial<Change>,
      others: [
        {
          id: 'acme-system:deployment/acme-operator',
          containers: [],
          status: 'started',
          rollout: { desired: 1, updated: 0, ready: 0, available: 0, outdated: 0, messages: [] },
          labels: {},
          annotations: {},
        },
      ],
    },
    recorded: {
      deployment: liveDeployment([], {
        deletionTimestamp: '2026-12-05T11:00:00Z',
        finalizers: ['acme.example.org/cleanup'],
        managedFields: [
          {
            manager: 'acme-operator',
            operation: 'Update',
            time: '2026-12-01T10:00:00Z',
            fieldsV1: { 'f:metadata': { 'f:finalizers': { '.': {}, 'v:"acme.example.org/cleanup"': {} } } },
          },
        ],
      }),
    },
    cause: 'rollout/finalizer',
    answer: `${ID} is not deleted: it is being deleted since 2026-12-05T11:00:00Z, and waits for the finalizer acme.example.org/cleanup: acme-operator set it, and wrote last at 2026-12-01T10:00:00Z; acme-system:deployment/acme-operator, which looks like its controller, has 0 of 1 replicas ready.`,
  },
  'closed sync window': {
    given: {
      applied: OLD,
      syncGate: {
        state: 'closed',
        by: 'window',
        text: '0 9 * * mon-fri / 8h / UTC',
        opensAt: Date.parse('2026-12-07T09:00:00Z'),
      },
    },
    cause: 'sync/sync-window',
    answer: `${ID} is not applied yet: revision bbbbbbb waits outside of --sync-window "0 9 * * mon-fri / 8h / UTC"; new revisions are applied from 2026-12-07T09:00:00Z on.`,
  },
  'a commit without a valid signature': {
    given: {
      unverified: { head: 'd'.repeat(40), commit: 'c'.repeat(40), why: 'is not signed', key: '', signer: '', commits: 2 },
    },
    cause: 'sync/head-unverified',
    answer: `${ID} is not applied yet: commit ccccccc is not signed, so 2 commits wait; revision bbbbbbb stays in effect.`,
  },
  'nothing wrong': {
    cause: 'ok',
    answer: `nothing is wrong with ${ID}: as in revision bbbbbbb; 1 of 1 replicas ready; web: the newest image that matches semver:*.`,
  },
};

describe('each situation is answered with its true cause', () => {
  test.each(Object.entries(SITUATIONS))('%s', async (_name, { given = {}, recorded, cause, answer }) => {
    const evidence = recorded && (await evidenceFrom(recorded, given.change?.warnings !== undefined));
    const found = await whyIn({ ...given, ...(evidence ? { evidence } : {}) });
    expect({ cause: found.cause, answer: found.answer }).toEqual({ cause, answer });
  });
});

test('the chain has its links in order, and a commit with its author and job', async () => {
  const blame = [1, 2, 3, 4, 5].map((line) => ({
    line,
    revision: OLD,
    author: 'Ann',
    at: NOW - 9_000_000,
    subject: 'Open the shop',
  }));
  const note = JSON.stringify({ jobID: 'j-1', spec: { type: 'auto', cause: { User: '', Message: '' }, spec: {} }, result: {} });
  const { links } = await whyIn({
    blame: [...blame, { line: 6, revision: HEAD, author: 'Flux', at: NOW - 1000, subject: 'Auto-release acme/web:1.0.0' }],
    notes: new Map([[HEAD, note]]),
  });
  expect(links.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    'place ok',
    'policies ok',
    'decision ok',
    'registry ok',
    'commit ok',
    'sync ok',
    'rollout ok',
  ]);
  expect(links[0]).toMatchObject({
    text: `${FILE}:1`,
    since: NOW - 1000,
    facts: expect.arrayContaining([{ name: 'job', value: 'j-1 (automation)' }]),
  });
  expect(links[4]).toMatchObject({ container: 'web', text: 'bbbbbbb by automation' });
});

test('what a unit renders is at the unit, with its renderer, and its input file where that is known', async () => {
  const place = { unit: UNIT, file: 'envs/.flux.yaml', document: 3, renderer: 'commands' } as const;
  const factsOf = async (given: Given) => (await whyIn(given)).links[0];
  expect(await factsOf({ place })).toMatchObject({
    text: UNIT,
    facts: [
      { name: 'unit', value: UNIT },
      { name: 'renderer', value: 'commands' },
      { name: 'document', value: '3' },
    ],
  });
  for (const given of [{ place: { ...place, origin: { file: 'base/web.yaml' } } }, { place, origin: 'base/web.yaml' }])
    expect(await factsOf(given)).toMatchObject({
      facts: expect.arrayContaining([{ name: 'input', value: 'base/web.yaml' }]),
    });
});

test('after a restart, the unit that failed is named as one that may define an object', async () => {
  const errors = [{ file: 'envs/.flux.yaml', unit: UNIT, error: NO_KUSTOMIZE }];
  const { links, next } = await whyIn({ inGit: false, errors });
  expect(links[0]).toMatchObject({ code: 'not-in-git' });
  expect(next?.text).toBe(`${UNIT} could not be rendered, and may define it; fluxctl status says why.`);
});
