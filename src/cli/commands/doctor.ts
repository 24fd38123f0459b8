import type { Command } from 'commander';
import { type Launch, subcommand } from '../command.ts';
import type { Finding } from '../doctor/finding.ts';
import { dataText, outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { painter } from '../style.ts';

interface Flags {
  readonly outputFormat: string;
}

export function doctorCommand(launch: Launch): Command {
  return subcommand<Flags>('doctor', {
    summary: 'Look for what keeps Flux from working, and say what to do',
    examples: ['doctor --k8s-fwd-ns=flux', 'doctor -o json'],
    launch,
    options: (command) => command.addOption(outputOption(REPORT_FORMATS)),
    run: doctor,
  });
}

const STYLES = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** A line for each finding as it comes in, and below it what to do; exit 1 when something fails. */
async function doctor(session: Session, flags: Flags): Promise<number> {
  const { stdout } = session;
  const format = outputFormat(flags.outputFormat, REPORT_FORMATS);
  const paint = painter(session, stdout);
  // Loaded late: it brings what speaks to clusters.
  const { examine } = await import('../doctor/examine.ts');
  const findings: Finding[] = [];
  for await (const finding of examine(session)) {
    findings.push(finding);
    const { check, level, message, help } = finding;
    if (format !== 'table') continue;
    stdout.write(`${paint(STYLES[level], level.padEnd(4))}  ${check.padEnd(10)}  ${printableLine(message)}\n`);
    if (help !== undefined) stdout.write(`      ${' '.repeat(10)}  ${printableLine(help)}\n`);
  }
  if (format !== 'table') stdout.write(await dataText(format, findings));
  const count = (wanted: Finding['level']) => findings.filter(({ level }) => level === wanted).length;
  if (format === 'table') stdout.write(`${count('fail')} failed, ${count('warn')} to look at, ${count('ok')} ok\n`);
  return count('fail') > 0 ? 1 : 0;
}
