// Writes docs/fluxd-flags.md from the flag table; with --check only tells whether it is current.
import { readFileSync, writeFileSync } from 'node:fs';
import { FLAG_GROUPS } from '../src/config/index.ts';

const file = new URL('../docs/fluxd-flags.md', import.meta.url);
const STATUS = { built: 'built', unbuilt: 'not built yet', meaningless: 'no meaning', deprecated: 'deprecated' };

const cell = (text) => text.replaceAll('|', '\\|');
const code = (text) => (text === '' ? '–' : `\`${text}\``);
const row = ([name, { short, type, default: byDefault, status, help, note }]) =>
  `| \`--${name}\`${short ? `, \`-${short}\`` : ''} | ${type} | ${code(byDefault)} | ${STATUS[status]} | ${cell(help)}${note ? `. ${cell(note)}` : ''} |`;

const text = `<!-- Written by tools/generate-flag-docs.mjs from src/config/flags.ts. -->
# Flags of fluxd

All flags of Flux v1's fluxd 1.25 are known.

* **built**: does what it says.
* **not built yet**: its default may be given; any other value stops the start with exit code 2.
* **no meaning**: accepted with a warning; what it controlled does not exist here.
* **deprecated**: works, with a notice that names its successor.

Flags are written \`--name=value\` or \`--name value\`, switches \`--name\` or \`--name=false\`. A list takes commas and repetition;
the first occurrence replaces the default. A duration is written as in Go: \`90s\`, \`5m\`, \`1h30m\`. No flag is read from the
environment. All problems are reported at once, and exit with 2 (command line) or 1 (start-up check).

Two differences from Flux v1: \`--kube-config\` has no default, so that \`KUBECONFIG\` works without clearing it first, and
\`--help\` prints to standard output.
${Object.entries(FLAG_GROUPS)
  .map(
    ([title, flags]) => `
## ${title}

| Flag | Type | Default | Status | Meaning |
|---|---|---|---|---|
${Object.entries(flags).map(row).join('\n')}
`,
  )
  .join('')}`;

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('docs/fluxd-flags.md is not current: run node tools/generate-flag-docs.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
}
