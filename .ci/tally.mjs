// node tally.mjs REPORT EXIT_CODE: prints `PASSED FAILED` of vitest's JSON report. A file that could not be loaded, a test
// left out, a missing report and an unexplained exit code all count as failures.
import { readFileSync } from 'node:fs';

const [path, exitCode] = process.argv.slice(2);
const files = readReport(path).testResults;
const tests = files.flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === 'passed').length;
const unloaded = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const others = tests.filter((test) => test.status !== 'passed');
for (const test of others) console.error(`${test.status}: ${test.fullName}`);
for (const file of unloaded) console.error(`not loaded: ${file.name}`);
const failed = others.length + unloaded.length;
console.log(passed, failed === 0 && (exitCode !== '0' || passed === 0) ? 1 : failed);

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    console.error(`no test report: ${error.message}`);
    return { testResults: [] };
  }
}
