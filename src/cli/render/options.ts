import { Option } from 'commander';
import { collect } from '../command.ts';

/** The flags of all commands that render; `when` says what they need. */
export function renderOptions(when: 'with --path, ' | ''): readonly Option[] {
  return [
    new Option('--kustomize <mode>', `${when}build folders with a kustomization, as for fluxd`).choices(['off', 'auto']),
    new Option('--allow-commands', `${when}run the commands of .flux.yaml files, as you and without a sandbox`),
    new Option('--generation-env <names>', `${when}environment variables that these commands may see, as for fluxd`).argParser(
      collect,
    ),
  ];
}
