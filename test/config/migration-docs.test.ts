import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FLAG_NAMES, FLAGS, type FlagStatus, tryArguments } from '../../src/config/index.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/migrate-from-flux-v1.md'), 'utf8');

/** Flags in the first column of the table that follows a lead-in. */
function flagsBelow(leadIn: string): readonly string[] {
  const rows = guide.slice(guide.indexOf(leadIn)).split('\n').slice(2);
  const table = rows.slice(
    0,
    rows.findIndex((row) => !row.startsWith('|')),
  );
  return table
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/--([a-z][a-z0-9-]+)/g)].map(([, name = '']) => name))
    .sort();
}

const withStatus = (...statuses: readonly FlagStatus[]) => FLAG_NAMES.filter((name) => statuses.includes(FLAGS[name].status));

test('the guide from Flux v1 names every flag that is not supported', () => {
  expect(flagsBelow('**Not supported yet.**')).toEqual(withStatus('unbuilt').toSorted());
});

test('the guide from Flux v1 names every flag without effect', () => {
  expect(flagsBelow('**Accepted, without effect.**')).toEqual(withStatus('meaningless').toSorted());
});

test('a command line is tried without starting anything', () => {
  const given = ['--git-url=git@example.org:o/r', '--git-path=a,b', '--token=s3cret', '--memcached-port=1', '--nope'];
  const { config, problems, idle } = tryArguments(given);
  expect(config.sources).toEqual([
    {
      name: 'default',
      url: 'git@example.org:o/r',
      branch: 'master',
      paths: ['a', 'b'],
      syncTag: 'flux-sync',
      notesRef: 'flux',
    },
  ]);
  expect(problems).toEqual(['unknown flag: --nope', '--token is not supported yet; remove it, or set it to ""']);
  expect(idle).toEqual([{ flag: 'memcached-port', why: expect.stringContaining('in memory') }]);
});
