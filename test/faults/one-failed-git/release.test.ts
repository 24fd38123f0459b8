import { EACH_FAULT, losesNothing } from './life.ts';
import { RELEASE } from './release.ts';

losesNothing('a release', RELEASE, {
  faults: EACH_FAULT,
  always: ['loses its connection after all was done', 'push'],
});
