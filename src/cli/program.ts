import { Command } from 'commander';
import type { Launch } from './command.ts';
import { completeCommand, completionCommand } from './commands/completion.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { gcCommand } from './commands/gc.ts';
import { historyCommand } from './commands/history.ts';
import { identityCommand } from './commands/identity.ts';
import { installCommand } from './commands/install.ts';
import { listImagesCommand } from './commands/list-images.ts';
import { listWorkloadsCommand } from './commands/list-workloads.ts';
import { automateCommand, deautomateCommand, generalPolicyCommand, lockCommand, unlockCommand } from './commands/policy.ts';
import { releaseCommand } from './commands/release.ts';
import { renderCommand } from './commands/render.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { saveCommand } from './commands/save.ts';
import { statusCommand } from './commands/status.ts';
import { resumeCommand, suspendCommand } from './commands/suspend.ts';
import { syncCommand } from './commands/sync.ts';
import { uiCommand } from './commands/ui.ts';
import { versionCommand } from './commands/version.ts';
import { whyCommand } from './commands/why.ts';
import { layOutHelp } from './help.ts';

const COMMANDS = [
  listWorkloadsCommand,
  listImagesCommand,
  releaseCommand,
  rollbackCommand,
  automateCommand,
  deautomateCommand,
  lockCommand,
  unlockCommand,
  suspendCommand,
  resumeCommand,
  generalPolicyCommand,
  syncCommand,
  statusCommand,
  whyCommand,
  historyCommand,
  diffCommand,
  renderCommand,
  gcCommand,
  uiCommand,
  doctorCommand,
  identityCommand,
  saveCommand,
  installCommand,
  completionCommand,
  versionCommand,
];

/** The command tree. Global flags apply to every command and may stand before or after its name. */
export function createProgram(launch: Launch): Command {
  const program = new Command('fluxctl')
    .description('fluxctl helps you deploy your code.')
    .usage('[flags] [command]')
    .option('--context <context>', 'kubeconfig context')
    .option('--k8s-fwd-ns <namespace>', 'namespace of fluxd (default "default")')
    .option('--k8s-fwd-labels <labels>', 'labels of the fluxd pod (default "app=flux")')
    .option('-u, --url <url>', 'base URL of the fluxd API, ending in /api/flux; replaces the port-forward')
    .option('-t, --token <token>', 'bearer token for --url')
    .option('--source <name>', 'only this source, of a daemon with several; see GET /api/v1/sources')
    .option('--timeout <duration>', 'how long to wait for a result (default "60s")')
    .option('--no-color', 'print without colours')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'Show the help of a command')
    .allowExcessArguments(true);
  layOutHelp(program, { examples: EXAMPLES.trim().split('\n'), more: MORE });
  for (const create of COMMANDS) program.addCommand(create(launch));
  program.addCommand(completeCommand(launch), { hidden: true });
  return program;
}

const EXAMPLES = `
# through a port-forward to fluxd in namespace "flux"
fluxctl --k8s-fwd-ns=flux list-workloads
# at a given address
fluxctl --url=http://127.0.0.1:3030/api/flux list-workloads

fluxctl list-workloads -a                    # what runs?
fluxctl list-images -w shop:deployment/cart  # what could it run?
fluxctl release --workload=shop:deployment/cart --update-image=acme/cart:2.0
fluxctl automate -w shop:deployment/cart     # follow new images
fluxctl diff                                 # what would a sync change?
fluxctl sync                                 # sync now
fluxctl sync --wait                          # sync, and wait until healthy
fluxctl status                               # what failed, and why?
fluxctl why shop:deployment/cart             # why is it as it is?
fluxctl gc                                   # what is held, and why?
fluxctl ui                                   # all that in a browser
fluxctl doctor                               # what does not work, and why?
`;

const MORE = `
Environment variables, used when the flag is not given: FLUX_FORWARD_NAMESPACE, FLUX_FORWARD_LABELS, FLUX_URL, FLUX_SERVICE_TOKEN, FLUX_TIMEOUT, NO_COLOR; KUBECONFIG.

Exit codes: 0 success, 1 error; diff has its own, see its help.
`;
