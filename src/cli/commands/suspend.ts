import type { Command } from 'commander';
import type { ApiClient, AutomationWire } from '../../api/client/index.ts';
import { causeFrom, messageOption, userOption } from '../cause.ts';
import { count, type Launch, subcommand } from '../command.ts';
import { notSupported } from '../errors.ts';
import { dataText, outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import type { Session } from '../session.ts';
import { automationText } from '../suspension-text.ts';
import { updatePolicies, type WorkloadFlags } from './policy.ts';

export function suspendCommand(launch: Launch): Command {
  return pauseCommand(launch, 'suspend', {
    summary: 'Suspend automatic image updates, of one workload or of all',
    examples: ['suspend --message="audit until Monday"', 'suspend --workload=shop:deployment/cart -m "load test"'],
  });
}

export function resumeCommand(launch: Launch): Command {
  return pauseCommand(launch, 'resume', {
    summary: 'Resume automatic image updates that were suspended',
    examples: ['resume', 'resume --workload=shop:deployment/cart'],
  });
}

function pauseCommand(
  launch: Launch,
  name: 'suspend' | 'resume',
  texts: { readonly summary: string; readonly examples: readonly string[] },
): Command {
  return subcommand<WorkloadFlags>(name, {
    ...texts,
    launch,
    instead: 'Use --workload for a workload.',
    more: 'For one workload, an annotation is committed. Without --workload, fluxd remembers it, over restarts too.',
    options: (command) =>
      command
        .option('-n, --namespace <namespace>', 'namespace of the workload (default from the kubeconfig context)')
        .option('-w, --workload <workload>', 'only this workload, in Git')
        .addOption(messageOption())
        .addOption(userOption())
        .option('-v, --verbose', 'show skipped workloads; -vv also shows ignored ones', count, 0)
        .addOption(outputOption(REPORT_FORMATS)),
    run: (session, flags) => pause(session, flags, name),
  });
}

async function pause(session: Session, flags: WorkloadFlags, name: 'suspend' | 'resume'): Promise<number> {
  const format = outputFormat(flags.outputFormat, REPORT_FORMATS);
  const client = await session.client();
  if (flags.workload) {
    // A Flux v1 would commit the annotation, and go on.
    if (!(await client.automation())) throw notSupported(`${name} automation`);
    return updatePolicies(session, { ...flags, [name]: true }, name);
  }
  const { User: user, Message: message } = await causeFrom(flags, session.env);
  const automation = await changed(client, name, { user, message });
  session.stdout.write(format === 'table' ? automationText(automation) : await dataText(format, automation));
  return 0;
}

async function changed(
  client: ApiClient,
  name: 'suspend' | 'resume',
  who: { readonly user: string; readonly message: string },
): Promise<AutomationWire> {
  const automation = name === 'suspend' ? await client.suspendAutomation(who) : await client.resumeAutomation(who);
  if (!automation) throw notSupported(`${name} automation`);
  return automation;
}
