import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { branchNames } from '../../../src/controller/pull-requests/branch-name.ts';
import { fingerprintOf, formatFingerprint, parseFingerprint } from '../../../src/controller/pull-requests/fingerprint.ts';
import { type KnownRequest, nextStep, type Situation } from '../../../src/controller/pull-requests/next-step.ts';
import { isRefName } from '../../../src/git/names.ts';

const [A, B] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'];
const NOTHING = { text: 'x', images: [] };
const WANTED = { text: 'cccccccccccc', images: [A] };

const request = (state: KnownRequest['state'], images: readonly string[] = [A], text = WANTED.text): KnownRequest => ({
  state,
  body: `Merge this.\n\n${formatFingerprint({ text, images })}`,
});

const BASE: Situation = { wanted: WANTED, branch: 'ours', isPushed: true, request: 'missing', insists: false };

describe('the next step of a branch', () => {
  test.each<[string, Partial<Situation>, string]>([
    ['looks the request up first', { request: 'unknown', isPushed: false }, 'look-up'],
    [
      'leaves a branch of others alone, also when nothing is pending',
      { wanted: NOTHING, branch: 'theirs', request: request('open') },
      'rest blocked',
    ],
    ['does not even look up the request of such a branch', { branch: 'theirs', request: 'unknown' }, 'rest blocked'],
    ['pushes before it opens a request', { branch: 'absent', isPushed: false }, 'push'],
    ['pushes a branch that has nothing of its own', { branch: 'bare', isPushed: false }, 'push'],
    ['opens a request', {}, 'create'],
    ['opens another one after a merge', { request: request('merged') }, 'create'],
    ['finishes one whose creation was the last that is known', { request: request('open', [A], 'unfinished') }, 'update'],
    ['updates one with another text', { request: request('open', [A], 'dddddddddddd') }, 'update'],
    ['adopts one that a person opened', { request: { state: 'open', body: 'By Ann' } }, 'update'],
    ['rests when all is as wanted', { request: request('open') }, 'rest proposed'],
    ['rests without a host', { request: 'none' }, 'rest proposed'],
    ['does not repeat what was rejected', { request: request('closed', [A, B]), isPushed: false }, 'rest rejected'],
    [
      'repeats it with a new image',
      { wanted: { ...WANTED, images: [A, B] }, request: request('closed'), isPushed: false },
      'push',
    ],
    ['repeats it for a person who releases it', { insists: true, request: request('closed') }, 'create'],
    ['does not know what a request without a fingerprint rejects', { request: { state: 'closed', body: '' } }, 'create'],
    ['closes the request when nothing is pending', { wanted: NOTHING, request: request('open') }, 'close'],
    ['then deletes the branch', { wanted: NOTHING, request: request('closed') }, 'withdraw'],
    ['deletes the branch of a merged one', { wanted: NOTHING, request: request('merged') }, 'withdraw'],
    ['deletes no branch that a person may have made', { wanted: NOTHING, branch: 'bare' }, 'rest nothing'],
    [
      'does not touch a request of a branch that has nothing of ours',
      { wanted: NOTHING, branch: 'bare', request: 'unknown' },
      'rest nothing',
    ],
    ['has nothing left to do', { wanted: NOTHING, branch: 'absent', request: request('closed') }, 'rest nothing'],
  ])('%s', (_what, change, expected) => {
    const step = nextStep({ ...BASE, ...change });
    expect(step.do === 'rest' ? `rest ${step.as}` : step.do).toBe(expected);
  });

  test('comes to rest from everywhere, and pushes to no branch of others', () => {
    const bodies = fc.constantFrom(request('open'), request('open', [B], 'dddddddddddd'), request('closed'), request('merged'));
    const situations = fc.record({
      wanted: fc.constantFrom(NOTHING, WANTED),
      branch: fc.constantFrom('absent', 'ours', 'bare', 'theirs'),
      isPushed: fc.constant(false),
      request: fc.oneof(bodies, fc.constantFrom('missing', 'unknown', 'none')),
      insists: fc.boolean(),
    }) as fc.Arbitrary<Situation>;
    fc.assert(
      fc.property(situations, bodies, (first, found) => {
        let now = first;
        for (let steps = 0; steps < 8; steps += 1) {
          const step = nextStep(now);
          if (step.do === 'rest') return;
          expect(now.branch).not.toBe('theirs');
          if (step.do === 'look-up') now = { ...now, request: found };
          if (step.do === 'push') now = { ...now, branch: 'ours', isPushed: true };
          if (step.do === 'create' || step.do === 'update')
            now = { ...now, request: { state: 'open', body: formatFingerprint(now.wanted) } };
          if (step.do === 'close') now = { ...now, request: { ...step.request, state: 'closed' } };
          if (step.do === 'withdraw') now = { ...now, branch: 'absent' };
        }
        throw new Error('it does not come to rest');
      }),
    );
  });
});

describe('the fingerprint of a request', () => {
  const image = (n: number) => ({ workload: `shop:deployment/w${n}`, container: 'c', target: `acme/w:${n}`, released: false });

  test('is read from the last line that has one, with the line ends of any host', () => {
    const own = formatFingerprint({ text: 'abc', images: [A, B] });
    const quoted = formatFingerprint({ text: 'fff', images: [] });
    expect(parseFingerprint(`${quoted}\r\nmore\r\n${own}\r\n`)).toEqual({ text: 'abc', images: [A, B] });
    expect(parseFingerprint('By Ann')).toBeUndefined();
  });

  test('does not depend on who wants an image, nor on the order, and is short for any number', () => {
    const [one, two] = [image(1), image(2)];
    expect(fingerprintOf([one, two])).toEqual(fingerprintOf([{ ...two, released: true }, one]));
    const many = Array.from({ length: 5000 }, (_, n) => image(n));
    expect(formatFingerprint({ text: 'a', images: fingerprintOf(many) }).length).toBeLessThan(100);
    const hundred = formatFingerprint({ text: 'a', images: fingerprintOf(many.slice(0, 100)) });
    expect(hundred.length).toBeLessThan(2000);
    expect(parseFingerprint(hundred)?.images).toHaveLength(100);
  });
});

describe('the branch of a workload', () => {
  test.each([
    ['all', 'flux-updates'],
    ['namespace', 'flux-updates-shop'],
    ['workload', 'flux-updates-shop-deployment-cart.v2'],
  ] as const)('per %s', (per, expected) => {
    expect(branchNames('flux-updates', per).of('shop:deployment/cart.v2')).toBe(expected);
  });

  test('is a name that Git allows, of limited length, for any workload', () => {
    const { of, includes } = branchNames('flux/updates', 'workload');
    const name = fc.stringMatching(/^[a-zA-Z0-9_.:-]{1,253}$/);
    fc.assert(
      fc.property(name, (text) => {
        const branch = of(`shop:deployment/${text}`);
        expect(isRefName(branch), branch).toBe(true);
        expect(includes(branch)).toBe(true);
        expect(branch.length).toBeLessThanOrEqual(200);
      }),
    );
    expect(of('shop:deployment/a.lock')).not.toBe(of('shop:deployment/a-lock'));
    expect(of(`shop:deployment/${'a'.repeat(250)}`)).not.toBe(of(`shop:deployment/${'a'.repeat(251)}`));
  });

  test('is no branch that only begins alike', () => {
    const { includes } = branchNames('flux-updates', 'all');
    expect(['flux-updates', 'flux-updates-shop', 'flux-updates2', 'main'].filter(includes)).toEqual([
      'flux-updates',
      'flux-updates-shop',
    ]);
  });
});
