import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { Standing } from '../../../src/controller/leadership/leadership.ts';

const trouble = new FluxError('API server https://k8s: connection refused', { code: 'cluster/unreachable' });

describe('who takes changes', () => {
  test('before anything is known they are taken, though nothing is written yet', () => {
    const standing = new Standing();
    expect(standing.term).toBeUndefined();
    expect(standing.refusal()).toBeUndefined();
  });

  test('who waits names the one who leads, and says how to reach it', () => {
    const standing = new Standing();
    standing.follow('flux-77-abc');
    expect(() => standing.requireTerm()).toThrow(
      expect.objectContaining({
        code: 'lease/elsewhere',
        message: 'this daemon waits: flux-77-abc leads, and takes changes',
        help: expect.stringContaining('kubectl port-forward pod/flux-77-abc 3030:3030'),
      }),
    );
  });

  test('who leads takes them, until the lease is lost and nobody can say who leads', () => {
    const standing = new Standing();
    const lease = new AbortController();
    standing.follow('another');
    standing.lead(lease.signal);
    expect([standing.term, standing.leader]).toEqual([lease.signal, undefined]);
    standing.requireTerm();
    lease.abort();
    standing.cutOff(trouble);
    expect([standing.term, standing.trouble]).toEqual([undefined, trouble]);
    expect(standing.refusal()).toMatchObject({
      code: 'lease/unknown',
      message: `this daemon may not write now: ${trouble.message}`,
      cause: trouble,
    });
  });
});
