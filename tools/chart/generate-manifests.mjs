// Writes manifests/ and what `fluxctl install` prints, as Helm renders the chart; with --check only checks that they are current.
// HELM names the program; test/charts/run.sh builds it.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dumpYaml, parseYamlDocuments } from '../../src/base/index.ts';
import { CHART } from './values.mjs';

const NAMESPACE = 'flux';
/** Labels of Flux v1's own manifests, so that ours are applied over them. */
const BASE = ['selectorLabels.name=flux'];
/** Each value that a flag of `fluxctl install` sets, so that its argument stands where the chart puts it. */
const GIVEN = [
  ...['git.url=x', 'git.path=x', 'git.label=x', 'git.user=x', 'git.email=x', 'git.readonly=true'],
  ...['manifestGeneration=true', 'registry.disableScanning=true'],
];

function render(values) {
  const sets = values.flatMap((value) => ['--set', value]);
  const args = ['template', 'flux', fileURLToPath(CHART), '--namespace', NAMESPACE, '--kube-version', 'v1.34.0'];
  // The schema refuses what fluxd has not supported yet; fluxctl takes these flags all the same, as Flux v1's did.
  const yaml = execFileSync(process.env.HELM ?? 'helm', [...args, '--skip-schema-validation', ...sets], { encoding: 'utf8' });
  return [...parseYamlDocuments(yaml)].flatMap(({ error, value }) => {
    if (error) throw error;
    return value === null ? [] : [value];
  });
}

const namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
};
const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: ['install.yaml'] };

const head = '# Written by tools/chart/generate-manifests.mjs from charts/flux.\n';
const files = {
  'manifests/install.yaml': head + [namespace, ...render(BASE)].map(dumpYaml).join('---\n'),
  'manifests/kustomization.yaml': head + dumpYaml(kustomization),
  'src/cli/install/chart.json': `${JSON.stringify(render([...BASE, ...GIVEN]), undefined, 2)}\n`,
};
for (const [name, text] of Object.entries(files)) {
  const file = new URL(`../../${name}`, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${name} is not current: run test/charts/run.sh generate`);
    process.exitCode = 1;
  }
}
