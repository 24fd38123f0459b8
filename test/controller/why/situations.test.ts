import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Change } from '../../../src/change/index.ts';
import { following } from '../../../src/controller/leadership/leadership.ts';
import { deployment, FILE, failedWith, type Given, HEAD, ID, manifestOf, NOW, OLD, whyIn } from './world.ts';

/** What is seeded, and the answer's first line; `cause` names the rule. */
interface Situation {
  readonly given: Given;
  readonly cause: string;
  readonly answer: string;
}

const NEWER = { '1.0.0': {}, '1.1.0': {} };
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
  'rate limited': {
    given: { tags: NEWER, scan: { scannedAt: undefined as never, blockedUntil: NOW + 600_000 } },
    cause: 'registry/rate-limited',
    answer: `${ID} is not updated yet: the registry of index.docker.io/acme/web limits the rate of requests, and is read again at 2026-12-05T12:10:00Z.`,
  },
  'tag without creation time': {
    given: { annotations: { 'fluxcd.io/tag.web': 'glob:*' }, tags: { '1.0.0': {}, main: { createdAt: 1 } } },
    cause: 'decision/no-time',
    answer: `${ID} is not updated: image with zero created timestamp.`,
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
  'nothing wrong': {
    given: {},
    cause: 'ok',
    answer: `nothing is wrong with ${ID}: as in revision bbbbbbb; web: the newest image that matches semver:*.`,
  },
};

describe('each situation is answered with its true cause', () => {
  test.each(Object.entries(SITUATIONS))('%s', async (_name, { given, cause, answer }) => {
    const found = await whyIn(given);
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
  ]);
  expect(links[0]).toMatchObject({
    text: `${FILE}:1`,
    since: NOW - 1000,
    facts: expect.arrayContaining([{ name: 'job', value: 'j-1 (automation)' }]),
  });
  expect(links[4]).toMatchObject({ container: 'web', text: 'bbbbbbb by automation' });
});
