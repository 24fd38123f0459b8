import { haveSigners } from '../../git/support/signing-keys.ts';
import { losesNothing } from './life.ts';
import { RELEASE } from './release.ts';

// The other ways have nothing to do with signatures; release.test.ts has them.
if (haveSigners())
  losesNothing(
    'a release that is signed and verified',
    { ...RELEASE, signed: true },
    {
      faults: ['is killed', 'loses its connection after all was done', 'comes right after somebody else’s push'],
    },
  );
