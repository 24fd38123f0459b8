import { silentLogger, systemClock } from '../../../src/base/index.ts';
import type { SourceOptions } from '../../../src/git/index.ts';

/** What sources of tests have in common, in this process and in others. */
export const SOURCE_OPTIONS = {
  branch: 'main',
  access: 'read-write',
  paths: [],
  partialClone: 'auto',
  user: 'Weave Flux',
  email: 'support@weave.works',
  syncTag: 'flux-sync',
  notesRef: 'flux',
  skipMessage: '',
  maxBlobBytes: 16 << 20,
  ssh: {},
  clock: systemClock,
  log: silentLogger(),
} satisfies Partial<SourceOptions>;
