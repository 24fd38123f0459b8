import { haveSigners } from '../../git/support/signing-keys.ts';
import { EACH_FAULT, losesNothing } from './life.ts';
import { RELEASE } from './release.ts';

if (haveSigners())
  losesNothing(
    'a release that is signed and verified',
    { ...RELEASE, signed: true },
    { faults: EACH_FAULT, always: ['is killed', 'tag'] },
  );
