// The README of the chart.
import { refusalOf } from './schema.mjs';

const code = (value) =>
  value === '' || value === undefined ? '–' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
const short = (value) => (typeof value === 'string' && value.includes('\n') ? 'see `values.yaml`' : code(value));
const cell = (text) => text.replaceAll('|', '\\|');

function row(value) {
  const { path, text, default: byDefault, flag, nothing } = value;
  const notes = [
    ...(flag ? [`\`--${flag}\``] : []),
    ...(nothing ? [`No effect: ${nothing}.`] : []),
    ...(refusalOf(value) ? [`Refused: ${refusalOf(value)}.`] : []),
    ...(value.new ? ['New.'] : []),
  ];
  return `| \`${path}\` | ${short(byDefault)} | ${cell([text, ...notes].join(' '))} |`;
}

export function readmeOf(values) {
  return `<!-- Written by tools/chart/generate.mjs from values.yaml. -->
# Chart of Flux

This chart runs \`fluxd\` in a cluster. [docs/install.md](../../docs/install.md) shows the installation, with real output.

\`\`\`sh
helm install flux charts/flux --namespace flux --create-namespace \\
  --set image.repository=registry.example.org/fluxd --set git.url=git@github.com:you/config
\`\`\`

* A \`values.yaml\` of Flux v1's chart works. Its values keep their meaning as far as possible; the table marks values
  without effect, and values that are rejected because their feature is not supported yet. Unknown values are rejected
  as well.
* The pod satisfies the restricted profile of Pod Security: no root, a read-only root file system, no capabilities, no
  privilege escalation.
* Names, labels and selectors are those of Flux v1's chart, so \`helm upgrade\` of its release replaces the daemon and
  keeps deploy key and known hosts.

## Values

"New" marks values that Flux v1's chart did not have.

| Value | Default | Meaning |
|---|---|---|
${values.map(row).join('\n')}
`;
}
