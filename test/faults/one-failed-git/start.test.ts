import { EACH_FAULT, losesNothing } from './life.ts';

losesNothing(
  'the start',
  { fromStart: true, commits: () => [] },
  { faults: EACH_FAULT, always: ['is killed while it holds locks', 'mktag'] },
);
