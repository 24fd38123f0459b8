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

Runs \`fluxd\` in a cluster. How to install, with real output: [docs/install.md](../../docs/install.md).

\`\`\`sh
helm install flux charts/flux --namespace flux --create-namespace \\
  --set image.repository=registry.example.org/fluxd --set git.url=git@github.com:you/config
\`\`\`

* A \`values.yaml\` of Flux v1's chart installs. Each of its values does what it did, as far as that still means something; the table says which do nothing, and which are refused because what they
  ask for is not built yet. A value that there is not is refused as well.
* The pod is restricted by Pod Security's own word: no root, a read-only root file system, no capability, no privilege to gain.
* Names, labels and selectors are those of Flux v1's chart, so \`helm upgrade\` of a release of it replaces the daemon and leaves deploy key and known hosts as they are.

## Values

"New" are those that Flux v1's chart did not have.

| Value | Default | Meaning |
|---|---|---|
${values.map(row).join('\n')}
`;
}
