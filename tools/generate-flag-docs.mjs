// Writes docs/fluxd-flags.md from the flag table; with --check only tells whether it is current.
import { readFileSync, writeFileSync } from 'node:fs';
import { FLAG_GROUPS, variableOf } from '../src/config/index.ts';

const file = new URL('../docs/fluxd-flags.md', import.meta.url);
const STATUS = {
  built: 'built',
  unbuilt: 'not built yet',
  ignored: 'no effect yet',
  meaningless: 'no meaning',
  deprecated: 'deprecated',
};

const cell = (text) => text.replaceAll('|', '\\|');
const code = (text) => (text === '' ? '–' : `\`${text}\``);
const row = ([name, { short, type, default: byDefault, status, help, note }]) =>
  `| \`--${name}\`${short ? `, \`-${short}\`` : ''} | ${code(variableOf(name) ?? '')} | ${type} | ${code(byDefault)} | ${STATUS[status]} | ${cell(help)}${note ? `. ${cell(note)}` : ''} |`;

const text = `<!-- Written by tools/generate-flag-docs.mjs from src/config/flags.ts. -->
# Flags of fluxd

All flags of Flux v1's fluxd 1.25 are known. Each can be given on the command line, as an environment variable, or in a config file;
a flag wins over a variable, a variable over the file, and the file over the default. A list is taken from one place whole.

* **built**: does what it says.
* **not built yet**: its default may be given; any other value stops the start with exit code 2.
* **no effect yet**: accepted with a warning, because nothing is less safe without it.
* **no meaning**: accepted with a warning; what it controlled does not exist here.
* **deprecated**: works, with a notice that names its successor.

Flags are written \`--name=value\` or \`--name value\`, switches \`--name\` or \`--name=false\`. A list takes commas and repetition;
the first occurrence replaces the default. A duration is written as in Go: \`90s\`, \`5m\`, \`1h30m\`. All problems are reported at
once, with the place they come from, and exit with 2 (what was written) or 1 (start-up check).

**Environment.** A value is written in a variable as on the command line. An empty variable counts as not set. The prefix is not
\`FLUX_\`, because Kubernetes sets \`FLUX_PORT\` and more in the pods beside a Service \`flux\`; for the same reason
\`--memcached-port\` has no variable. A variable \`FLUXD_…\` that looks like a mistyped one stops the start, any other is warned of.

**Config file.** \`--config-file\` names a YAML file: a map from names of flags, without the dashes, to values. Text that YAML would
read as something else (\`"1.0"\`, \`"true"\`) is quoted, a list is a list.

\`\`\`yaml
git-url: git@github.com:you/config
git-branch: main
git-path: [cluster, apps]
git-poll-interval: 1m
sync-garbage-collection: true
\`\`\`

Two differences from Flux v1: \`--kube-config\` has no default, so that \`KUBECONFIG\` works without clearing it first, and
\`--help\` prints to standard output.
${Object.entries(FLAG_GROUPS)
  .map(
    ([title, flags]) => `
## ${title}

| Flag | Variable | Type | Default | Status | Meaning |
|---|---|---|---|---|---|
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
