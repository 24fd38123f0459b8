// Writes README.md and values.schema.json of the chart; with --check only checks that they are current.
import { readFileSync, writeFileSync } from 'node:fs';
import { readmeOf } from './readme.mjs';
import { schemaOf } from './schema.mjs';
import { CHART, readValues } from './values.mjs';

const values = readValues();
const files = {
  'README.md': readmeOf(values),
  'values.schema.json': `${JSON.stringify(schemaOf(values), undefined, 2)}\n`,
};
for (const [name, text] of Object.entries(files)) {
  const file = new URL(name, CHART);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`charts/flux/${name} is not current: run node tools/chart/generate.mjs`);
    process.exitCode = 1;
  }
}
