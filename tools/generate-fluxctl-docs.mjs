// Writes the tables of flags in docs/fluxctl.md from the program; with --check only checks that they are current.
import { readFileSync, writeFileSync } from 'node:fs';
import { createProgram } from '../src/cli/program.ts';

const file = new URL('../docs/fluxctl.md', import.meta.url);
const program = createProgram(async () => {});

const cell = (text) => text.replaceAll('|', '\\|');
const byDefault = (value) => (typeof value === 'string' && value !== '' ? ` (default \`${value}\`)` : '');
const row = ({ flags, description, defaultValue }) => `| \`${flags}\` | ${cell(description)}${byDefault(defaultValue)} |`;

/** All commands by the words that they are called with; the root's are none. */
function paths(command, path = '') {
  const below = command.commands.filter((each) => each.name() !== '__complete');
  return [[path, command], ...below.flatMap((each) => paths(each, `${path} ${each.name()}`.trim()))];
}

const tables = new Map(
  paths(program).map(([path, command]) => {
    const options = command.options.filter(({ hidden }) => !hidden);
    const rows =
      options.length === 0
        ? 'No flags but those of every command.'
        : ['| Flag | Meaning |', '|---|---|', ...options.map(row)].join('\n');
    return [path, rows];
  }),
);

const before = readFileSync(file, 'utf8');
const seen = new Set();
const after = before.replace(/<!-- flags of fluxctl ?([a-z -]*?) -->\n[\s\S]*?<!-- end of flags -->/g, (_all, path) => {
  seen.add(path);
  const table = tables.get(path);
  if (table === undefined) throw new Error(`docs/fluxctl.md describes an unknown command: ${path}`);
  return `<!-- flags of ${`fluxctl ${path}`.trim()} -->\n${table}\n<!-- end of flags -->`;
});
const missing = [...tables.keys()].filter((path) => !seen.has(path));
if (missing.length > 0)
  throw new Error(`docs/fluxctl.md does not describe: ${missing.map((path) => `fluxctl ${path}`).join(', ')}`);

if (process.argv.includes('--check')) {
  if (before !== after) {
    console.error('docs/fluxctl.md is not current: run node tools/generate-fluxctl-docs.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, after);
}
