// A reporter for vitest: writes `PASSED FAILED` into $TALLY/counts, what failed into $TALLY/failures, each with the beginning of its
// message, and into $TALLY/files how many failures are of which file. A test left out, an error outside of the tests and a run without
// tests count as failures; with SAMPLE=1 tests may be left out, because another run has all of them.
import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** Few enough that the last 60 lines of a run show what failed, unless very much did; the daemon's output follows. */
const MESSAGE_LINES = 15;
const MESSAGE_COLUMNS = 400;

export default class Tally {
  onTestRunEnd(modules, unhandledErrors) {
    const all = modules.flatMap((module) => [...module.children.allTests()]);
    const tests = process.env.SAMPLE === '1' ? all.filter((test) => test.result().state !== 'skipped') : all;
    const outside = modules.flatMap((module) =>
      [module, ...module.children.allSuites()].flatMap((part) => part.errors().map((error) => ({ part, error }))),
    );
    const unpassed = tests.filter((test) => test.result().state !== 'passed');
    const failures = [
      ...unpassed.map((test) => describe(`${test.result().state}: ${nameOf(test)}`, test.result().errors, test.meta().log)),
      ...outside.map(({ part, error }) => describe(`outside of the tests: ${nameOf(part)}`, [error])),
      ...unhandledErrors.map((error) => describe('not of any test', [error])),
    ];
    if (tests.length === 0 && failures.length === 0) failures.push('no test was run');
    const passed = tests.length - unpassed.length;
    const files = Map.groupBy([...unpassed, ...outside.map(({ part }) => part)], fileOf);
    writeFileSync(`${process.env.TALLY}/failures`, failures.map((failure) => `${failure}\n`).join(''));
    writeFileSync(`${process.env.TALLY}/files`, [...files].map(([file, { length }]) => `${length} ${file}\n`).join(''));
    writeFileSync(`${process.env.TALLY}/counts`, `${passed} ${failures.length}\n`);
  }
}

function fileOf(part) {
  return part.type === 'module' ? part.relativeModuleId : part.module.relativeModuleId;
}

function nameOf(part) {
  if (part.type === 'module') return part.relativeModuleId;
  return `${part.module.relativeModuleId} > ${part.fullName}`;
}

function describe(heading, errors = [], log = []) {
  const lines = errors.flatMap((error) => [
    ...String(error.message).split('\n'),
    ...(error.diff ?? '').split('\n').filter((line) => line.trim() !== ''),
    ...(error.stacks ?? []).slice(0, 3).map(({ file, line }) => `at ${file.replace(`${process.cwd()}/`, '')}:${line}`),
  ]);
  const shown = [...lines.slice(0, MESSAGE_LINES), ...log].map(
    (line) => `    ${stripVTControlCharacters(line).slice(0, MESSAGE_COLUMNS)}`,
  );
  return [heading, ...shown].join('\n');
}
