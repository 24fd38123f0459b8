import { describe, expect, test } from 'vitest';
import { formatJobNote, parseJobNote, Recent } from '../../src/record/index.ts';

describe('job notes', () => {
  test('are written byte for byte as Flux v1 writes them', () => {
    const spec = { type: 'policy', cause: { Message: '', User: 'Ann <ann@example.org>' }, spec: {} };
    expect(formatJobNote({ jobId: 'j-1', spec, result: null })).toBe(
      '{"jobID":"j-1","spec":{"type":"policy","cause":{"Message":"","User":"Ann \\u003cann@example.org\\u003e"},"spec":{}},"result":null}',
    );
  });

  test.each(['', 'not json', '[]', 'null', '{"jobID":7}', '{}'])('%j is not a note', (text) => {
    expect(parseJobNote(text)).toBeUndefined();
  });

  test('are read back', () => {
    const note = {
      jobId: 'j',
      spec: { a: '<' },
      result: { 'a:deployment/x': { Status: 'skipped', Error: 'locked', PerContainer: null } },
    };
    expect(parseJobNote(formatJobNote(note))).toEqual(note);
  });
});

describe('recent values', () => {
  test('the oldest is forgotten first, and an update does not make a value younger', () => {
    const recent = new Recent<number>(2);
    recent.set('a', 1);
    recent.set('b', 2);
    recent.set('a', 3);
    recent.set('c', 4);
    expect(['a', 'b', 'c'].map((id) => recent.get(id))).toEqual([undefined, 2, 4]);
  });
});
