// Writes docs/fluxd-flags.md from the flag table; with --check only checks that it is current.
import { readFileSync, writeFileSync } from 'node:fs';
import { FLAG_GROUPS, variableOf } from '../src/config/index.ts';

const file = new URL('../docs/fluxd-flags.md', import.meta.url);
const STATUS = {
  built: 'built',
  unbuilt: 'not supported yet',
  meaningless: 'no meaning',
  deprecated: 'deprecated',
};

const cell = (text) => text.replaceAll('|', '\\|');
const code = (text) => (text === '' ? '–' : `\`${text}\``);
const row = ([name, { short, type, default: byDefault, status, help, note }]) =>
  `| \`--${name}\`${short ? `, \`-${short}\`` : ''} | ${code(variableOf(name) ?? '')} | ${type} | ${code(byDefault)} | ${STATUS[status]} | ${cell(help)}${note ? `; ${cell(note)}` : ''} |`;

const text = `<!-- Written by tools/generate-flag-docs.mjs from src/config/flags.ts. -->
# Flags of fluxd

fluxd knows all flags of Flux v1's fluxd 1.25. Each can be set on the command line, as an environment variable, or in a
config file. A flag overrides a variable, a variable overrides the file, and the file overrides the default. A list
comes from one of these as a whole.

* **built**: works as described.
* **not supported yet**: accepted with its default; with any other value fluxd does not start, and exits with 2.
* **no meaning**: accepted with a warning; what it controlled does not exist here.
* **deprecated**: works, with a notice that names its successor.

Write flags as \`--name=value\` or \`--name value\`, switches as \`--name\` or \`--name=false\`. A list accepts commas and
repetition; the first occurrence replaces the default. Durations have Go's format: \`90s\`, \`5m\`, \`1h30m\`. fluxd reports
all problems at once, with their source, and exits with 2 (a bad value) or 1 (a failed start-up check).

**Environment.** A variable has the same format as on the command line. An empty variable counts as not set. The prefix
is not \`FLUX_\`, because Kubernetes sets variables such as \`FLUX_PORT\` in pods next to a Service \`flux\`; for the same
reason \`--memcached-port\` has no variable. fluxd does not start with a variable \`FLUXD_…\` that looks mistyped, and
warns about any other unknown one.

**Config file.** \`--config-file\` names a YAML file that maps names of flags, without the dashes, to values. Quote
strings that YAML would read as another type (\`"1.0"\`, \`"true"\`); write a list as a list.

\`\`\`yaml
git-url: git@github.com:you/config
git-branch: main
git-path: [cluster, apps]
git-poll-interval: 1m
sync-garbage-collection: true
\`\`\`

The key \`sources\` lists several repositories in place of \`git-url\` and the like ([sources.md](sources.md)).

There are two differences from Flux v1: \`--kube-config\` has no default, so that \`KUBECONFIG\` works without clearing
it first, and \`--help\` prints to standard output.
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
