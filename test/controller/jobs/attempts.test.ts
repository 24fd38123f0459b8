import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { type Attempts, attemptFailed, NO_ATTEMPTS, notArrived, pushing } from '../../../src/controller/jobs/attempts.ts';

const raced = new FluxError('another push came first', { code: 'git/push-raced' });
const down = new FluxError('no way to the server', { code: 'git/unreachable' });
const denied = new FluxError('no right to push', { code: 'git/unreachable', fault: 'user' });
const unknown = new FluxError('unknown whether the push arrived: hung up', { code: 'git/push-unknown' });
const other = new FluxError('not in the revision', { code: 'update/file-missing' });
const bug = new TypeError('undefined is not a function');
const late = new Error('the job ran out of time');

const push = pushing<string>(NO_ATTEMPTS, 'a');
const unanswered = retried(push, unknown);
const rejected = retried(push, raced);
const troubled = retried(NO_ATTEMPTS, down);

function retried(before: Attempts<string>, error: unknown): Attempts<string> {
  const after = attemptFailed(before, error, { isOver: false });
  if (after.next === 'fail') throw after.error;
  return after.attempts;
}

describe('what is known of the last push', () => {
  test.each<[string, Attempts<string>, Attempts<string>['lastPush']]>([
    ['none before the first', NO_ATTEMPTS, { state: 'none' }],
    ['none after trouble before it', troubled, { state: 'none' }],
    ['it runs', push, { state: 'running', pushed: 'a' }],
    ['its answer was lost', unanswered, { state: 'unanswered', pushed: 'a', error: unknown }],
    ['its answer was lost, and so was a fetch', retried(unanswered, down), { state: 'unanswered', pushed: 'a', error: unknown }],
    ['the branch does not have it', notArrived(unanswered), { state: 'failed', pushed: 'a' }],
    ['another push came first', rejected, { state: 'failed', pushed: 'a' }],
    ['the next one runs', pushing(rejected, 'b'), { state: 'running', pushed: 'b' }],
    ['none arrived where none began', notArrived<string>(NO_ATTEMPTS), { state: 'none' }],
  ])('%s', (_name, { lastPush }, expected) => expect(lastPush).toEqual(expected));
});

describe('an attempt that failed', () => {
  test.each<[string, Attempts<string>, unknown, unknown]>([
    ['a lost race is retried', push, raced, 'retry'],
    ['what may pass is retried', NO_ATTEMPTS, down, 'retry'],
    ['so is a lost answer', push, unknown, 'retry'],
    ['what the user has to change is not', push, denied, denied],
    ['nor is what fails again', push, other, other],
    ['nor is a bug', push, bug, bug],
    ['a lost answer is the error, while nothing shows whether the push arrived', unanswered, other, unknown],
    ['it is not once the branch was seen without the push', notArrived(unanswered), other, other],
  ])('%s', (_name, before, error, expected) => {
    const after = attemptFailed(before, error, { isOver: false });
    expect(after.next === 'retry' ? 'retry' : after.error).toBe(expected);
  });

  test.each<[string, Attempts<string>, unknown, unknown]>([
    ['before anything else failed', NO_ATTEMPTS, late, late],
    ['after other trouble', troubled, late, down],
    ['after a lost answer', unanswered, late, unknown],
    ['with a lost answer', push, unknown, unknown],
    ['after the branch was seen without the push', notArrived(unanswered), late, unknown],
  ])('fails the job when the time is over %s', (_name, before, error, expected) => {
    expect(attemptFailed(before, error, { isOver: true })).toEqual({ next: 'fail', error: expected });
  });

  test.each<[string, Attempts<string>, string]>([
    ['the time', push, late.message],
    ['the trouble before', pushing(troubled, 'b'), down.message],
  ])('in the middle of a push leaves open whether it arrived, and names %s', (_name, before, why) => {
    expect(attemptFailed(before, late, { isOver: true })).toMatchObject({
      next: 'fail',
      error: { code: 'git/push-unknown', message: `unknown whether the push arrived: ${why}` },
    });
  });

  test.each([
    { error: raced, retries: 5, firstMs: 100, lastMs: 1_600 },
    { error: down, retries: 2, firstMs: 1_000, lastMs: 2_000 },
  ])('$error.code is retried $retries times, each after a longer pause', ({ error, retries, firstMs, lastMs }) => {
    let attempts: Attempts<string> = NO_ATTEMPTS;
    const waits: number[] = [];
    for (let i = 0; i < retries; i += 1) {
      attempts = retried(attempts, error);
      waits.push(attempts.waitMs);
    }
    expect(waits[0]).toBeLessThanOrEqual(firstMs);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(lastMs / 2);
    expect(waits.at(-1)).toBeLessThanOrEqual(lastMs);
    expect(attemptFailed(attempts, error, { isOver: false })).toEqual({ next: 'fail', error });
  });

  test('races and trouble are counted apart', () => {
    const both = retried(retried(retried(troubled, raced), down), raced);
    expect([both.raced, both.troubled]).toEqual([2, 2]);
  });
});
