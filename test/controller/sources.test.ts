import { expect, test } from 'vitest';
import type { SourceConfig } from '../../src/config/index.ts';
import { refuseClashes } from '../../src/controller/sources.ts';

const source = (name: string, change: Partial<SourceConfig> = {}): SourceConfig => ({
  name,
  url: 'https://git.example.org/acme/shop.git',
  branch: 'main',
  paths: [name],
  syncTag: name,
  notesRef: name,
  ...change,
});
const updates = { branch: 'flux-updates', releases: false, per: 'all' } as const;

test.each<[string, SourceConfig, SourceConfig, string | undefined]>([
  ['labels of their own', source('a'), source('b'), undefined],
  ['the same label', source('a'), source('b', { syncTag: 'a' }), 'sources a and b use one repository and the same label, a'],
  ['the same paths', source('a', { paths: [] }), source('b', { paths: [] }), 'use the same branch and paths of one repository'],
  [
    'the same branch for images',
    source('a', { proposals: updates }),
    source('b', { proposals: updates }),
    'sources a and b may propose images on the same branch, flux-updates',
  ],
  [
    'branches of their own for images',
    source('a', { proposals: updates }),
    source('b', { proposals: { ...updates, branch: 'b' } }),
    undefined,
  ],
  [
    'one that proposes on the branch of the other',
    source('a', { proposals: { ...updates, branch: 'staging' } }),
    source('b', { branch: 'staging' }),
    'source a may propose images on branch staging, which source b syncs',
  ],
  [
    'one that is synced from what the branches of the other may be called',
    source('a', { branch: 'flux-updates-staging' }),
    source('b', { proposals: { ...updates, per: 'namespace' } }),
    'source b may propose images on branch flux-updates-staging, which source a syncs',
  ],
  [
    'one whose branches may have the name of that of the other',
    source('a', { proposals: { ...updates, per: 'workload' } }),
    source('b', { proposals: { ...updates, branch: 'flux-updates-b' } }),
    'may propose images on the same branch, flux-updates-b',
  ],
  [
    'names that only look alike',
    source('a', { proposals: updates }),
    source('b', { branch: 'flux-updates-staging', proposals: { ...updates, branch: 'flux-updates-b' } }),
    undefined,
  ],
  [
    'another repository',
    source('a', { proposals: updates }),
    source('b', { proposals: updates, url: 'git@example.org:acme/other' }),
    undefined,
  ],
])('two sources with %s', (_what, a, b, problem) => {
  const refuse = () => refuseClashes([a, b]);
  if (problem === undefined) expect(refuse).not.toThrow();
  else expect(refuse).toThrow(problem);
});
