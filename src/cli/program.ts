import { Command } from 'commander';
import type { Launch } from './command.ts';
import { completeCommand, completionCommand } from './commands/completion.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { gcCommand } from './commands/gc.ts';
import { identityCommand } from './commands/identity.ts';
import { installCommand } from './commands/install.ts';
import { listImagesCommand } from './commands/list-images.ts';
import { listWorkloadsCommand } from './commands/list-workloads.ts';
import { automateCommand, deautomateCommand, generalPolicyCommand, lockCommand, unlockCommand } from './commands/policy.ts';
import { releaseCommand } from './commands/release.ts';
import { saveCommand } from './commands/save.ts';
import { syncCommand } from './commands/sync.ts';
import { versionCommand } from './commands/version.ts';

const COMMANDS = [
  listWorkloadsCommand,
  listImagesCommand,
  releaseCommand,
  automateCommand,
  deautomateCommand,
  lockCommand,
  unlockCommand,
  generalPolicyCommand,
  syncCommand,
  diffCommand,
  gcCommand,
  doctorCommand,
  identityCommand,
  saveCommand,
  installCommand,
  completionCommand,
  versionCommand,
];

/** The whole command tree. The flags of the root hold for every command and may stand before or after its name. */
export function createProgram(launch: Launch): Command {
  const program = new Command('fluxctl')
    .description('fluxctl helps you deploy your code.')
    .usage('[flags] [command]')
    .option('--context <context>', 'the kubeconfig context to use')
    .option('--k8s-fwd-ns <namespace>', 'namespace of fluxd, for the port-forward (default "default", FLUX_FORWARD_NAMESPACE)')
    .option('--k8s-fwd-labels <labels>', 'labels of its pod (default "app=flux", FLUX_FORWARD_LABELS)')
    .option('-u, --url <url>', 'base URL of the API; without it a port-forward is opened (FLUX_URL)')
    .option('-t, --token <token>', 'token to authenticate with at --url (FLUX_SERVICE_TOKEN)')
    .option('--timeout <duration>', 'how long to wait for a result (default "60s", FLUX_TIMEOUT)')
    .option('--no-color', 'print without colours (NO_COLOR)')
    .addHelpText('after', HELP)
    .allowExcessArguments(true);
  for (const create of COMMANDS) program.addCommand(create(launch));
  program.addCommand(completeCommand(launch), { hidden: true });
  return program;
}

const HELP = `
Connecting:
  # through a port-forward to fluxd in namespace "flux"
  fluxctl --k8s-fwd-ns=flux list-workloads
  # to a given address
  fluxctl --url=http://127.0.0.1:3030/api/flux list-workloads

Workflow:
  fluxctl list-workloads                                              # what runs?
  fluxctl list-images --workload=default:deployment/web               # which images could it run?
  fluxctl release --workload=default:deployment/web --update-image=acme/web:2.0
  fluxctl automate --workload=default:deployment/web                  # follow new images
  fluxctl diff                                                        # what would a sync change?
  fluxctl sync                                                        # apply the repository now
  fluxctl sync --wait                                                 # ... and wait until it is healthy
  fluxctl gc                                                          # what is not deleted, and why?
`;
