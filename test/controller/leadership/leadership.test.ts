import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import {
  following,
  type Leadership,
  leading,
  refusalOf,
  requireLeadership,
  termOf,
  UNDECIDED,
  unknown,
} from '../../../src/controller/leadership/leadership.ts';

const trouble = new FluxError('API server https://k8s: connection refused', { code: 'cluster/unreachable', help: 'Start it.' });
const term = new AbortController().signal;

describe('which daemon accepts changes', () => {
  test.each<{ name: string; leadership: Leadership; may: AbortSignal | undefined; refusal: string | undefined }>([
    { name: 'before the election has a result', leadership: UNDECIDED, may: undefined, refusal: undefined },
    { name: 'while this daemon leads', leadership: leading(term), may: term, refusal: undefined },
    { name: 'once its term is over', leadership: leading(AbortSignal.abort()), may: undefined, refusal: undefined },
    { name: 'while another leads', leadership: following('flux-2'), may: undefined, refusal: 'lease/elsewhere' },
    { name: 'when it is not known which one leads', leadership: unknown(trouble), may: undefined, refusal: 'lease/unknown' },
  ])('$name', ({ leadership, may, refusal }) => {
    expect(termOf(leadership)).toBe(may);
    expect(refusalOf(leadership)?.code).toBe(refusal);
    const requiring = expect(() => requireLeadership(leadership));
    if (refusal === undefined) requiring.not.toThrow();
    else requiring.toThrow(expect.objectContaining({ code: refusal }));
  });

  test('one that follows names the leader, and how to reach it', () => {
    expect(refusalOf(following('flux-77-abc'))).toMatchObject({
      code: 'lease/elsewhere',
      message: 'this daemon is on standby: flux-77-abc leads, and accepts changes',
      help: expect.stringContaining('kubectl port-forward pod/flux-77-abc 3030:3030'),
    });
  });

  test('one that lost the lease says why it does not know the leader', () => {
    expect(refusalOf(unknown(trouble))).toMatchObject({
      code: 'lease/unknown',
      message: `this daemon may not write now: ${trouble.message}`,
      help: trouble.help,
      cause: trouble,
    });
  });
});
