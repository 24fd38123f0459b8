// Reports the words that CONTRIBUTING.md rules out, and prose wider than 120 columns, as file:line.
import { globSync, readFileSync } from 'node:fs';

/** Where people read; tests are left out. */
const FILES = [
  '*.md',
  'docs/**/*.md',
  'bench/{README,first-sync-profile}.md',
  '{.ci,bench,bin,container,src,tools,ui}/**/*.{ts,tsx,mjs}',
  'container/{README.md,Dockerfile}',
  'examples/**/*.{md,yaml}',
  'test/conformance/README.md',
  'charts/**/*.{md,yaml,tpl,txt}',
];
const WIDTH = 120;

const [, table = ''] = readFileSync('CONTRIBUTING.md', 'utf8').split('| Instead of |');
const words = table.split('\n').flatMap((row) => row.split('|')[1]?.match(/(?<=`)[a-z ]+(?=`)/g) ?? []);
const ruledOut = new RegExp(`\\b(?:${words.join('|')})\\b`, 'gi');

for (const file of globSync(FILES).sort()) {
  let fenced = false;
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (/^\s*```/.test(line)) fenced = !fenced;
    if (fenced) continue;
    // Code is quoted as it is, and neither a table nor the target of a link can be wrapped.
    const prose = line.replace(/`[^`]*`/g, (code) => '`'.repeat(code.length)).replace(/\]\([^)]*\)/g, ']');
    const found = prose.match(ruledOut) ?? [];
    if (file.endsWith('.md') && prose.length > WIDTH && !line.startsWith('|')) found.push(`${prose.length} columns`);
    for (const what of found) console.error(`${file}:${index + 1}: ${what}`);
    if (found.length > 0) process.exitCode = 1;
  }
}
