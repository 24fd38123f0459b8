import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import {
  type ImageInfo,
  type ImageRepository,
  parseImageRef,
  type Verification,
  verificationKey,
} from '../../src/image/index.ts';
import type { SignatureQuestion, UrgentQuestions } from '../../src/policy/index.ts';
import { parseSignatureRule } from '../../src/policy/index.ts';
import { considerTag } from '../../src/update/consider.ts';
import { decide, decideAgain, decideNamed } from '../../src/update/decide.ts';
import { describeDecision } from '../../src/update/decision.ts';
import { pendingImages, planAutomation, planUpdate, type UpdateContext } from '../../src/update/index.ts';
import { MAX_DEPTH } from '../../src/update/signed.ts';
import type { Question } from '../../src/update/subject.ts';
import { contextOf } from './world.ts';

const ID = 'shop:deployment/web';
const NAME = 'ghcr.io/acme/web';
const POLICY = 'cosign:acme';
const SECOND = 'cosign:reviewer';
const VERIFIED: Verification = { state: 'verified', by: POLICY };
const UNSIGNED: Verification = { state: 'unsigned', nextAt: 60_000 };
const INVALID: Verification = { state: 'invalid', why: 'the signature is of another image', nextAt: 30_000 };
const UNKNOWN: Verification = { state: 'unknown', why: 'status 503', nextAt: 90_000 };

const digestOf = (tag: string) => `sha256:${Buffer.from(tag).toString('hex').padEnd(64, '0')}`;

function demandsOf(...rules: string[]) {
  const parsed = rules.map((rule) => {
    const each = parseSignatureRule(rule);
    if ('problem' in each) throw new Error(each.problem);
    return each;
  });
  return { rules: parsed, keys: ['acme', 'reviewer'], keyless: false };
}

type Known = Readonly<Record<string, Verification | Readonly<Record<string, Verification>> | undefined>>;

/** Tags, each with a digest, and what is known of the signatures of each: of the one policy, or by policy. */
function repositoryOf(known: Known): ImageRepository {
  const tags = Object.keys(known);
  const verifications = new Map(
    Object.entries(known).flatMap(([tag, found = {}]) => {
      const byPolicy = 'state' in found ? { [POLICY]: found as Verification } : found;
      return Object.entries(byPolicy).map(([policy, each]) => [verificationKey(digestOf(tag), policy), each] as const);
    }),
  );
  const images = tags.map((tag) => [tag, { tag, digest: digestOf(tag), labels: {}, fetchedAt: 0 }] as const);
  return { tags, images: new Map(images), scannedAt: 1, verifications };
}

interface Given {
  readonly known: Known;
  readonly image?: string;
  readonly rules?: readonly string[];
  readonly own?: string;
  readonly isTagApart?: boolean;
}

function questionOf({ known, image = `${NAME}:1.0.0`, rules = [`ghcr.io/acme/*=${POLICY}`], own, isTagApart }: Given): Question {
  const repository = repositoryOf(known);
  return {
    container: { name: 'web', image, ...(isTagApart ? { isTagApart } : {}) },
    inGit: new Map([['automated', 'true'], ['tag.web', 'semver:*'], ...(own ? ([['verify.web', own]] as const) : [])]),
    images: { repository: () => repository },
    pinning: { signed: demandsOf(...rules) },
  };
}

const chooses = (tag: string) => `update to ${NAME}:${tag}@${digestOf(tag)}`;

describe('automation', () => {
  test.each<[situation: string, given: Given, decision: string]>([
    ['chooses what is signed, by its digest', { known: { '1.0.0': undefined, '1.1.0': VERIFIED } }, chooses('1.1.0')],
    [
      'passes over what is not',
      { known: { '1.0.0': undefined, '1.1.0': VERIFIED, '1.2.0': UNSIGNED, '1.3.0': INVALID } },
      chooses('1.1.0'),
    ],
    [
      'waits for what is not known',
      { known: { '1.0.0': undefined, '1.1.0': VERIFIED, '1.2.0': UNKNOWN } },
      'the signatures of tag 1.2.0 have not been verified: status 503',
    ],
    [
      'never goes lower',
      { known: { '0.9.0': VERIFIED, '1.0.0': INVALID } },
      'tag 1.0.0 has no valid signature for cosign:acme: the signature is of another image',
    ],
    [
      'says why the newest is passed over if no other is newer',
      { known: { '1.0.0': VERIFIED, '1.1.0': UNSIGNED }, image: `${NAME}:1.0.0@${digestOf('1.0.0')}` },
      'tag 1.1.0 has no valid signature for cosign:acme: it is not signed',
    ],
    ['pins the current tag to what was verified', { known: { '1.0.0': VERIFIED } }, chooses('1.0.0')],
    [
      'asks nothing of what is in Git',
      { known: { '1.0.0': undefined }, image: `${NAME}:1.0.0@${digestOf('1.0.0')}` },
      'image(s) up to date',
    ],
    [
      'does not follow a tag that is pushed again without a signature',
      { known: { '1.0.0': UNSIGNED }, image: `${NAME}:1.0.0@sha256:${'a'.repeat(64)}` },
      'tag 1.0.0 has no valid signature for cosign:acme: it is not signed',
    ],
    [
      'needs all policies',
      { known: { '1.0.0': UNSIGNED, '1.1.0': { [POLICY]: VERIFIED, [SECOND]: UNSIGNED } }, own: SECOND },
      'tag 1.1.0 has no valid signature for cosign:reviewer: it is not signed',
    ],
    [
      'chooses where all policies hold',
      { known: { '1.0.0': undefined, '1.1.0': { [POLICY]: VERIFIED, [SECOND]: VERIFIED } }, own: SECOND },
      chooses('1.1.0'),
    ],
    [
      'demands nothing of other images',
      { known: { '1.1.0': undefined }, rules: ['docker.io/*=cosign:acme'] },
      `update to ${NAME}:1.1.0`,
    ],
    [
      'needs a place for the digest',
      { known: { '1.0.0': undefined, '1.1.0': VERIFIED }, isTagApart: true },
      'image cannot be pinned to a digest: its tag is in a field of its own',
    ],
    [
      'does nothing by an invalid annotation',
      { known: { '1.0.0': undefined, '1.1.0': VERIFIED }, own: 'cosign:' },
      'invalid signature policy "cosign:": it is neither cosign:<key name> nor cosign-keyless:<identity>@<issuer>, with the https URL of the issuer',
    ],
    [
      'does nothing by an annotation with an unknown key',
      { known: { '1.0.0': undefined, '1.1.0': VERIFIED }, own: 'cosign:stranger' },
      'invalid signature policy "cosign:stranger": it names a key that fluxd does not have: --registry-verify-keys has no stranger.pub',
    ],
  ])('%s', (_, given, decision) => {
    expect(describeDecision(decide(questionOf(given)))).toBe(decision);
  });

  test('looks at a bounded number of tags without signature', () => {
    const many = Object.fromEntries(Array.from({ length: MAX_DEPTH + 5 }, (_, n) => [`2.${n}.0`, UNSIGNED]));
    const decision = decide(questionOf({ known: { '1.0.0': undefined, '1.1.0': VERIFIED, ...many } }));
    expect(describeDecision(decision)).toContain(`tag 2.${MAX_DEPTH + 4}.0 has no valid signature`);
  });

  test('verifies what it chose again before the commit', () => {
    const wanted = parseImageRef(`${NAME}:1.1.0@${digestOf('1.1.0')}`);
    expect(decideAgain(questionOf({ known: { '1.1.0': VERIFIED } }), wanted).state).toBe('update');
    expect(decideAgain(questionOf({ known: { '1.1.0': INVALID } }), wanted).state).toBe('held');
    const other = parseImageRef(`${NAME}:1.1.0@sha256:${'b'.repeat(64)}`);
    expect(decideAgain(questionOf({ known: { '1.1.0': VERIFIED } }), other).state).toBe('unknown');
  });

  test('says why it waits for signatures: the image cannot be read, the last scan failed, or much else is asked before', () => {
    const question = questionOf({ known: { '1.0.0': undefined, '1.1.0': undefined } });
    const repository = question.images.repository(NAME) ?? repositoryOf({});
    const says = (more: Partial<ImageRepository>) =>
      describeDecision(decide({ ...question, images: { repository: () => ({ ...repository, ...more }) } }));
    const what = 'the signatures of tag 1.1.0 have not been verified';
    const error = new FluxError('GET https://ghcr.io/v2/: status 503', { code: 'registry/unavailable' });
    expect(says({})).toBe(what);
    expect(says({ error })).toBe(`${what}: GET https://ghcr.io/v2/: status 503`);
    expect(says({ signatureQueue: 100 })).toBe(`${what}: 100 other questions about signatures of this repository come first`);
    expect(says({ error, signatureQueue: 100 })).toContain('status 503');
    const named = (more: Partial<ImageInfo>) => {
      const images = new Map([['1.1.0', { tag: '1.1.0', labels: {}, fetchedAt: 0, error, ...more }]]);
      const answer = decideNamed(
        { ...question, images: { repository: () => ({ ...repository, images }) } },
        parseImageRef(`${NAME}:1.1.0`),
        { pattern: true, bans: true },
      );
      return answer === 'not-wanted' ? answer : describeDecision(answer);
    };
    expect(named({})).toBe(`${what}: GET https://ghcr.io/v2/: status 503`);
    // Then the error is about its time.
    expect(named({ digest: digestOf('1.1.0') })).toBe(what);
  });

  test('why says what became of each tag', () => {
    const question = questionOf({ known: { '1.0.0': undefined, '1.1.0': VERIFIED, '1.2.0': UNSIGNED, '1.3.0': UNKNOWN } });
    expect(['1.1.0', '1.2.0', '1.3.0'].map((tag) => considerTag(question, tag)?.verdict)).toEqual([
      'eligible',
      'unsigned',
      'unverified',
    ]);
  });
});

/** A workload with one image of a registry, and what was asked of that. `learned` is known after a scan. */
function worldOf(
  known: Known,
  {
    learned = known,
    annotations = {},
    image = `${NAME}:1.0.0`,
    visited = () => ({ tags: [], images: new Map() }),
  }: {
    learned?: Known;
    annotations?: Record<string, string>;
    image?: string;
    /** What is known of another repository. */
    visited?: (asked: UrgentQuestions) => ImageRepository;
  } = {},
) {
  const file = [
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata:',
    '  name: web',
    '  namespace: shop',
    'spec:',
    '  template:',
    '    spec:',
    '      containers:',
    `      - {name: web, image: ${image}}`,
    '',
  ].join('\n');
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', annotations: { 'fluxcd.io/tag.web': 'semver:*', ...annotations } },
    spec: { template: { spec: { imagePullSecrets: [{ name: 'pull' }], containers: [{ name: 'web', image }] } } },
  };
  const asked: SignatureQuestion[] = [];
  const urgent: UrgentQuestions[] = [];
  let repository = repositoryOf(known);
  const context: UpdateContext = {
    ...contextOf({ files: { 'web.yaml': file }, manifests: { [ID]: { file: 'web.yaml', object } }, running: [ID], registry: {} }),
    images: {
      repository: (name) => (name === NAME ? repository : undefined),
      async scanNow() {
        repository = repositoryOf(learned);
      },
      readTag: () => undefined,
      verify: (question) => asked.push(question),
      async verifyNow(questions) {
        urgent.push(questions);
        if (questions.image !== NAME) return visited(questions);
        repository = repositoryOf(learned);
        return undefined;
      },
    },
    pinning: { signed: demandsOf(`ghcr.io/acme/*=${POLICY}`) },
  };
  return { context, asked, urgent };
}

test('automation asks for the newest tags before the first that is signed, and when to ask again', async () => {
  const annotations = { 'fluxcd.io/automated': 'true' };
  const known = {
    '0.9.0': undefined,
    '1.0.0': undefined,
    '1.1.0': VERIFIED,
    '1.2.0': UNSIGNED,
    '1.3.0': undefined,
    '1.4.0': INVALID,
  };
  const { context, asked } = worldOf(known, { annotations });
  const { nextAt } = await planAutomation(context);
  expect(asked).toMatchObject([{ image: NAME, candidates: [{ tag: '1.4.0' }, { tag: '1.3.0' }, { tag: '1.2.0' }] }]);
  expect(nextAt).toBe(30_000);
});

test.each<[state: string, found: Verification | undefined, stays: boolean]>([
  ['is signed', VERIFIED, true],
  ['is not known to be signed', undefined, true],
  ['cannot be verified now', UNKNOWN, true],
  ['is not signed', UNSIGNED, false],
])('an image that is proposed on a branch and %s is taken back only if it is not', async (_, found, stays) => {
  const target = `${NAME}:1.1.0@${digestOf('1.1.0')}`;
  const carried = [{ workload: ID, container: 'web', target, released: false }];
  const { context } = worldOf({ '1.0.0': VERIFIED, '1.1.0': found }, { annotations: { 'fluxcd.io/automated': 'true' } });
  expect(await pendingImages({ carried, found: [], released: {} }, context)).toEqual(stays ? carried : []);
});

test('an image that was proposed before it had to be signed gets the digest that is verified', async () => {
  const target = `${NAME}:1.1.0@${digestOf('1.1.0')}`;
  const carried = [{ workload: ID, container: 'web', target: `${NAME}:1.1.0`, released: false }];
  const { context } = worldOf({ '1.0.0': VERIFIED, '1.1.0': VERIFIED }, { annotations: { 'fluxcd.io/automated': 'true' } });
  expect(await pendingImages({ carried, found: [], released: {} }, context)).toEqual([{ ...carried[0], target }]);
});

function release(image: string, more: object = {}) {
  const spec = { ServiceSpecs: [ID], ImageSpec: image, Kind: 'execute', Excludes: null, Force: false, ...more };
  return { type: 'image', cause: { Message: '', User: '' }, spec } as const;
}

function ofContainers(target: string, more: object = {}) {
  const ContainerSpecs = { [ID]: [{ Container: 'web', Target: target }] };
  return {
    type: 'containers',
    cause: { Message: '', User: '' },
    spec: { Kind: 'execute', ContainerSpecs, SkipMismatches: false, Force: true, ...more },
  } as const;
}

function rollback(more: object = {}) {
  const spec = { Kind: 'execute', Workload: ID, Container: '', To: '', Force: false, ...more };
  return { type: 'rollback', cause: { Message: '', User: '' }, spec } as const;
}

/** The images of revisions with which the workload was healthy, newest first. */
function pastOf(...revisions: readonly Readonly<Record<string, string>>[]) {
  return {
    async *healthy() {
      yield* revisions;
    },
  };
}

/** A repository whose tag 2 could not be read. */
function visitedWith(code: string): ImageRepository {
  const error = new FluxError('HEAD …: status', { code });
  return { tags: [], images: new Map([['2', { tag: '2', labels: {}, fetchedAt: 0, error }]]) };
}

describe('a person', () => {
  const OLD = { '1.0.0': UNSIGNED, '1.1.0': UNSIGNED };
  const NEW = { '1.0.0': undefined, '1.1.0': VERIFIED };
  const REFUSED =
    'tag 1.1.0 has no valid signature for cosign:acme: it is not signed; to release it all the same, use --skip-verify';

  test.each(['<all latest>', `${NAME}:1.1.0`])('releases %s only with a signature, also by force', async (image) => {
    for (const Force of [false, true]) {
      const { context, urgent } = worldOf(OLD);
      expect((await planUpdate(release(image, { Force }), context)).result[ID]).toMatchObject({
        Status: 'skipped',
        Error: REFUSED,
      });
      // What was not signed a moment ago may be by now.
      expect(urgent.map((each) => each.questions[0]?.candidates[0]?.tag)).toEqual(['1.1.0']);
    }
  });

  test.each(['<all latest>', `${NAME}:1.1.0`])('releases %s once it is signed, by its digest', async (image) => {
    const { context } = worldOf(OLD, { learned: NEW });
    const { result, edits } = await planUpdate(release(image), context);
    expect(result[ID]?.PerContainer?.[0]?.Target).toBe(`${NAME}:1.1.0@${digestOf('1.1.0')}`);
    expect(edits[0]?.content).toContain(`image: ${NAME}:1.1.0@${digestOf('1.1.0')}`);
  });

  test.each(['<all latest>', `${NAME}:1.1.0`])('releases %s without one by --skip-verify', async (image) => {
    const { context, urgent } = worldOf(OLD);
    const { result } = await planUpdate(release(image, { SkipVerify: true }), context);
    expect(result[ID]?.PerContainer?.[0]?.Target).toBe(`${NAME}:1.1.0`);
    expect(urgent).toEqual([]);
  });

  test('is held to it in a release of selected containers', async () => {
    for (const target of [`${NAME}:1.1.0`, `${NAME}:1.1.0@${digestOf('1.1.0')}`]) {
      await expect(planUpdate(ofContainers(target), worldOf(OLD).context)).rejects.toMatchObject({
        code: 'update/no-changes',
        message: `no changes found: ${ID}: ${REFUSED}`,
      });
      const { result } = await planUpdate(ofContainers(target), worldOf(OLD, { learned: NEW }).context);
      expect(result[ID]?.PerContainer?.[0]?.Target).toBe(`${NAME}:1.1.0@${digestOf('1.1.0')}`);
      const skipped = await planUpdate(ofContainers(target, { SkipVerify: true }), worldOf(OLD).context);
      expect(skipped.result[ID]?.PerContainer?.[0]?.Target).toBe(target);
    }
  });

  test('hears that the registry does not list what is released', async () => {
    await expect(planUpdate(ofContainers(`${NAME}:9.9.9`), worldOf(NEW).context)).rejects.toMatchObject({
      message: expect.stringContaining(
        'the signatures of tag 9.9.9 have not been verified: the registry does not list it; to release it all the same, use --skip-verify',
      ),
    });
  });

  test('is held to it where Git has the tag in a field of its own', async () => {
    const values = { image: { repository: NAME, tag: '1.0.0' } };
    const object = {
      apiVersion: 'helm.fluxcd.io/v1',
      kind: 'HelmRelease',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { values },
    };
    const id = 'shop:helmrelease/web';
    const { context } = worldOf(NEW);
    const { manifests, workloads } = contextOf({
      files: {},
      manifests: { [id]: { file: 'web.yaml', object } },
      // In the cluster it is older.
      running: [{ id, containers: [{ name: 'chart-image', image: `${NAME}:1.0.0` }], annotations: {} }],
      registry: {},
    });
    const ContainerSpecs = { [id]: [{ Container: 'chart-image', Target: `${NAME}:1.1.0` }] };
    const release = ofContainers(`${NAME}:1.1.0`, { ContainerSpecs });
    await expect(planUpdate(release, { ...context, manifests, workloads })).rejects.toMatchObject({
      message: expect.stringContaining('image cannot be pinned to a digest: its tag is in a field of its own'),
    });
  });

  test('hears that a text is no image, instead of releasing it without a signature', async () => {
    await expect(planUpdate(ofContainers('ghcr.io/acme/web:'), worldOf(NEW).context)).rejects.toMatchObject({
      message: expect.stringContaining('"ghcr.io/acme/web:": expected image name as either'),
    });
  });

  test('hears of no update by automation to what is not signed', async () => {
    const annotations = { 'fluxcd.io/automated': 'true' };
    const { context } = worldOf({ '1.0.0': VERIFIED, '1.1.0': UNSIGNED, '1.2.0': UNSIGNED }, { annotations });
    const { result } = await planUpdate(ofContainers(`${NAME}:1.1.0`, { SkipVerify: true }), context);
    expect(result[ID]).toEqual({ Status: 'success', PerContainer: expect.any(Array) });
  });

  describe('with an image of a repository that is not watched', () => {
    const OTHER = 'ghcr.io/acme/other';
    const visitFinds = (known: Known) => () => repositoryOf(known);
    const refusal = (target: string, visited: () => ImageRepository) =>
      planUpdate(ofContainers(target), worldOf(NEW, { visited }).context).then(
        () => 'released',
        (error: FluxError) => error.message,
      );

    test('releases containers if it is signed, by its digest, read with the pull secrets of the workload', async () => {
      for (const target of [`${OTHER}:1`, `${OTHER}:1@${digestOf('1')}`]) {
        const { context, urgent } = worldOf(NEW, { visited: visitFinds({ 1: VERIFIED }) });
        const { result } = await planUpdate(ofContainers(target), context);
        expect(result[ID]?.PerContainer?.[0]?.Target).toBe(`${OTHER}:1@${digestOf('1')}`);
        const pullSecrets = [{ namespace: 'shop', secrets: ['pull'], serviceAccount: 'default' }];
        expect(urgent).toMatchObject([{ image: OTHER, questions: [{ candidates: [{ tag: '1' }] }], pullSecrets }]);
      }
    });

    test('hears why it is refused, and what to do', async () => {
      const skip = 'to release it all the same, use --skip-verify';
      expect(await refusal(`${OTHER}:1`, visitFinds({ 1: UNSIGNED }))).toContain(
        `tag 1 has no valid signature for cosign:acme: it is not signed; ${skip}`,
      );
      expect(await refusal(`${OTHER}:1`, visitFinds({ 1: UNKNOWN }))).toContain(
        'the signatures of tag 1 have not been verified: status 503; retry, or use --skip-verify',
      );
      const failed = (fault: FluxError['fault']) => () => {
        const error = new FluxError('HEAD …: status', { code: 'registry/failed', fault });
        return { tags: [], images: new Map(['1', ''].map((tag) => [tag, { tag, labels: {}, fetchedAt: 0, error }])) };
      };
      expect(await refusal(`${OTHER}:1`, failed('server'))).toContain(
        'the signatures of tag 1 have not been verified: HEAD …: status; retry, or use --skip-verify',
      );
      // What the registry does not have, or refuses, it does not have a moment later.
      expect(await refusal(`${OTHER}:1`, failed('missing'))).toContain(
        `the signatures of tag 1 have not been verified: HEAD …: status; ${skip}`,
      );
      expect(await refusal(`${OTHER}@${digestOf('1')}`, failed('missing'))).toContain(
        `the signatures of the image have not been verified: HEAD …: status; ${skip}`,
      );
      const barred = () => ({ tags: [], images: new Map(), barredBy: '--registry-exclude-image=ghcr.io/acme/*' });
      expect(await refusal(`${OTHER}:1`, barred)).toContain(
        `the signatures of tag 1 cannot be verified: fluxd does not read this repository (--registry-exclude-image=ghcr.io/acme/*); ${skip}`,
      );
      expect(await refusal(`${OTHER}@${digestOf('1')}`, barred)).toContain('the signatures of the image cannot be verified');
    });

    test('releases containers by --skip-verify without a look', async () => {
      const { context, urgent } = worldOf(NEW);
      const { result } = await planUpdate(ofContainers(`${OTHER}:1`, { SkipVerify: true }), context);
      expect(result[ID]?.PerContainer?.[0]?.Target).toBe(`${OTHER}:1`);
      expect(urgent).toEqual([]);
    });

    test('releases it where Git has the repository, and no sync', async () => {
      const given = { image: `${OTHER}:1`, visited: visitFinds({ 2: VERIFIED }) };
      const { result } = await planUpdate(release(`${OTHER}:2`), worldOf({}, given).context);
      expect(result[ID]?.PerContainer?.[0]?.Target).toBe(`${OTHER}:2@${digestOf('2')}`);
      const unsigned = worldOf({}, { ...given, visited: visitFinds({ 2: UNSIGNED }) });
      expect((await planUpdate(release(`${OTHER}:2`), unsigned.context)).result[ID]?.Error).toContain('it is not signed');
    });

    test.each<[string, ImageRepository, RegExp]>([
      ['that the registry does not have', visitedWith('registry/not-found'), /does not exist: invalid image ID/],
      ['that cannot be read', visitedWith('registry/unavailable'), /could not be checked: HEAD …: status/],
      [
        'that fluxd must not read',
        { tags: [], images: new Map(), barredBy: '--registry-disable-scanning' },
        /could not be checked: fluxd does not read this repository \(--registry-disable-scanning\)/,
      ],
    ])('hears why an image is not released %s', async (_, visited, message) => {
      const { context } = worldOf({}, { image: `${OTHER}:1`, visited: () => visited });
      await expect(planUpdate(release(`${OTHER}:2`), context)).rejects.toMatchObject({
        message: expect.stringMatching(message),
      });
    });

    test('hears that no workload has an image of it', async () => {
      const { context, urgent } = worldOf(NEW);
      await expect(planUpdate(release(`${OTHER}:2`), context)).rejects.toMatchObject({
        code: 'update/image-unused',
        message: `no workload has an image of ${OTHER}, so none is updated to "${OTHER}:2"`,
      });
      expect(urgent).toEqual([]);
    });

    test('rolls back to it if it is signed', async () => {
      const given = { visited: visitFinds({ 1: VERIFIED }) };
      const past = pastOf({ web: `${OTHER}:1` });
      const { result } = await planUpdate(rollback(), { ...worldOf(NEW, given).context, past });
      expect(result[ID]?.PerContainer?.[0]?.Target).toBe(`${OTHER}:1@${digestOf('1')}`);
    });
  });

  test.each<[string, ImageRepository, string]>([
    ['has not been verified', repositoryOf({ 2: UNKNOWN }), 'have not been verified: status 503; retry, or use --skip-verify'],
    [
      'cannot be verified',
      { tags: [], images: new Map(), barredBy: '--registry-disable-scanning' },
      'cannot be verified: fluxd does not read this repository (--registry-disable-scanning)',
    ],
  ])('is not rolled back to an older image than the one before that %s', async (_, visited, reason) => {
    const past = pastOf({ web: 'ghcr.io/acme/other:2' }, { web: `${NAME}:1.1.0` });
    const { context } = worldOf(NEW, { visited: () => visited });
    await expect(planUpdate(rollback(), { ...context, past })).rejects.toMatchObject({
      code: 'rollback/refused',
      message: expect.stringMatching(
        new RegExp(`cannot be rolled back to ghcr.io/acme/other:2: .*${reason.replaceAll(/[()]/g, '.')}`),
      ),
    });
  });

  test('rolls back to what is signed, or by --skip-verify', async () => {
    const old = { '0.9.0': UNSIGNED, '1.0.0': VERIFIED };
    await expect(planUpdate(rollback({ To: '0.9.0' }), worldOf(old).context)).rejects.toMatchObject({
      code: 'rollback/refused',
      message: expect.stringContaining('tag 0.9.0 has no valid signature'),
    });
    const signed = await planUpdate(rollback({ To: '0.9.0' }), worldOf(old, { learned: { ...old, '0.9.0': VERIFIED } }).context);
    expect(signed.result[ID]?.PerContainer?.[0]?.Target).toBe(`${NAME}:0.9.0@${digestOf('0.9.0')}`);
    const skipped = await planUpdate(rollback({ To: '0.9.0', SkipVerify: true }), worldOf(old).context);
    expect(skipped.result[ID]?.PerContainer?.[0]?.Target).toBe(`${NAME}:0.9.0`);
  });

  test('rolls back to the image before, as it was when it was verified', async () => {
    const past = pastOf({ web: `${NAME}:0.9.0` }, { web: `${NAME}:0.8.0` });
    const known = { '0.8.0': VERIFIED, '0.9.0': UNSIGNED, '1.0.0': VERIFIED };
    const { result } = await planUpdate(rollback(), { ...worldOf(known).context, past });
    expect(result[ID]?.PerContainer?.[0]?.Target).toBe(`${NAME}:0.8.0@${digestOf('0.8.0')}`);
    const none = { ...worldOf({ ...known, '0.8.0': INVALID }).context, past };
    await expect(planUpdate(rollback(), none)).rejects.toMatchObject({
      code: 'rollback/to-required',
      message: expect.stringContaining('tag 0.9.0 has no valid signature'),
    });
  });
});
