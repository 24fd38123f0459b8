import { Option } from 'commander';
import { collect } from '../command.ts';
import { usageError } from '../errors.ts';

/** The flags of all commands that render; `when` says what they need. */
export function renderOptions(when: 'with --path, ' | ''): readonly Option[] {
  return [
    new Option('--kustomize <mode>', `${when}build folders with a kustomization, as for fluxd`).choices(['off', 'auto']),
    new Option('--allow-commands', `${when}run the commands of .flux.yaml files, as you and without a sandbox`),
    new Option('--generation-env <names>', `${when}environment variables that these commands may see, as for fluxd`).argParser(
      collect,
    ),
    new Option(
      '--kube-version <version>',
      `${when}version of Kubernetes that Helm charts are rendered for (default that of helm itself)`,
    ).argParser(kubeVersion),
    new Option(
      '--api-versions <list>',
      `${when}API versions and kinds that Helm charts find in the cluster, besides those that helm knows`,
    ).argParser(collect),
    new Option(
      '--helm-internal-host <hosts>',
      `${when}hosts of your network that Helm charts may come from, as for fluxd`,
    ).argParser(collect),
    new Option(
      '--registry-insecure-host <hosts>',
      `${when}hosts to fetch Helm charts from without TLS verification, or over HTTP, as for fluxd`,
    ).argParser(collect),
  ];
}

/** As Helm reads one. */
function kubeVersion(value: string): string {
  if (/^v?\d+\.\d+(\.\d+)?([-+][\w.+-]+)?$/.test(value)) return value;
  throw usageError(`invalid --kube-version ${JSON.stringify(value)}: use a version such as v1.34.4`);
}
