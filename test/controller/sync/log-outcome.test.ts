import { expect, test } from 'vitest';
import type { Logger } from '../../../src/base/index.ts';
import type { Change } from '../../../src/change/index.ts';
import { createOutcomeLog } from '../../../src/controller/sync/log-outcome.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { partOf } from '../../support/part-of.ts';

const OUTCOME = outcomeOf();

test('objects with the mark of another Flux, or of a former URL, are told once, whatever comes and goes, and again when they are back (R-022)', () => {
  const lines: string[] = [];
  const note = (fields: unknown, message?: string) => lines.push(`${message} ${JSON.stringify(fields)}`);
  const log = partOf<Logger>({
    info: (fields: unknown, message?: string) => (message === 'sync done' ? undefined : note(fields, message)),
  });
  const tell = createOutcomeLog();
  const many = Array.from({ length: 12 }, (_, n) => ({ id: `a:b/c${n}`, uid: `u-${n}` }));
  for (const orphans of [many, many.slice(1), undefined, many.slice(0, 2)])
    tell({ ...OUTCOME, ...(orphans ? { orphans } : {}) }, log);
  const message = 'objects that are not in Git have the mark of another Flux, or of an earlier URL, branch or path; left alone';
  expect(lines).toEqual([
    `${message} {"objects":12,"resources":"${many
      .slice(0, 10)
      .map(({ id }) => id)
      .join(',')},…"}`,
    `${message} {"objects":2,"resources":"a:b/c0,a:b/c1"}`,
  ]);
});

const heldDeletion = (id: string, reason: string): Change => ({ id, inGit: false, outcome: 'held', reason });

test('many deletions that are held for one reason are one line, and a few are one each', () => {
  const lines: object[] = [];
  const log = partOf<Logger>({
    warn: (fields: unknown, message?: string) => lines.push(Object.assign({}, fields, { message })),
    info: () => undefined,
  });
  const tell = createOutcomeLog();
  const held = Array.from({ length: 131 }, (_, n) => heldDeletion(`a:b/c${n}`, 'too many'));
  const other = heldDeletion('a:b/other', 'another source wants it');
  tell({ ...OUTCOME, changes: [...held, other] }, log);
  tell({ ...OUTCOME, changes: [...held, other] }, log);
  const resources = `${held
    .slice(0, 10)
    .map(({ id }) => id)
    .join(',')},…`;
  expect(lines).toEqual([
    { objects: 131, resources, reason: 'too many', message: 'deletions held' },
    { resource: 'a:b/other', outcome: 'held', reason: 'another source wants it', message: 'object held' },
  ]);
});

test('an object that waits for others is no trouble', () => {
  const lines: object[] = [];
  const log = partOf<Logger>({
    info: (fields: unknown, message?: string) =>
      message === 'sync done' ? 0 : lines.push(Object.assign({}, fields, { message })),
  });
  const tell = createOutcomeLog();
  const place = { file: 'a.yaml', document: 1, line: 1 };
  const waiting: Change = {
    id: 'a:b/c',
    inGit: true,
    place,
    outcome: 'held',
    reason: 'waits for db',
    waitsFor: { path: 'db', forHealth: false },
  };
  tell({ ...OUTCOME, changes: [waiting] }, log);
  tell({ ...OUTCOME, changes: [waiting] }, log);
  expect(lines).toEqual([expect.objectContaining({ resource: 'a:b/c', reason: 'waits for db', message: 'object waits' })]);
});
