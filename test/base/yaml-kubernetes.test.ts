import { describe, expect, test } from 'vitest';
import { parseYamlDocuments } from '../../src/base/index.ts';
import { frozenAnswers } from './yaml-differential/answers.ts';
import { CASES } from './yaml-differential/cases.ts';
import { difference } from './yaml-differential/compare.ts';
import { INTENDED, intendedFor } from './yaml-differential/intended.ts';

/*
 * How kubectl reads YAML (apimachinery's reader of streams and sigs.k8s.io/yaml), as the real code answered; `npm run test:yaml` asks
 * it again, for a million streams.
 */

const frozen = frozenAnswers();
const differences = frozen.flatMap(({ stream, answers }) => difference(stream, answers) ?? []);

describe('S-023 YAML is read as Kubernetes reads it', () => {
  test.each(frozen.slice(0, CASES.length).map(({ stream, answers }) => [JSON.stringify(stream), stream, answers] as const))(
    '%s',
    (_, stream, answers) => {
      const found = difference(stream, answers);
      if (found && !intendedFor(found)) expect(found).toBeUndefined();
    },
  );

  test('and so are generated streams', () => {
    expect(differences.filter((each) => !intendedFor(each))).toEqual([]);
    expect(frozen.length).toBeGreaterThan(CASES.length + 500);
  });

  test('and no error quotes them', () => {
    const errors = frozen.flatMap(({ stream }) =>
      [...parseYamlDocuments(stream.replaceAll('a', 'CANARY'))].flatMap(({ error }) => error ?? []),
    );
    expect(errors.length).toBeGreaterThan(100);
    for (const error of errors) expect(`${error.message} ${error.help} ${error.stack} ${error.cause}`).not.toContain('CANARY');
  });

  test.each(INTENDED.filter(({ byChance }) => !byChance))('the intended difference has a case: $what', ({ covers }) => {
    expect(differences.some(covers)).toBe(true);
  });
});
