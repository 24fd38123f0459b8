import type { Command } from 'commander';
import { type Launch, subcommand } from '../command.ts';
import type { Finding } from '../doctor/finding.ts';
import { widthOf } from '../output.ts';
import { dataText, outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { type Paint, painter } from '../style.ts';

interface Flags {
  readonly outputFormat: string;
}

export function doctorCommand(launch: Launch): Command {
  return subcommand<Flags>('doctor', {
    summary: 'Diagnose problems of Flux, and suggest fixes',
    examples: ['doctor --k8s-fwd-ns=flux', 'doctor -o json'],
    launch,
    options: (command) => command.addOption(outputOption(REPORT_FORMATS)),
    run: doctor,
  });
}

const STYLES = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** Prints each finding when it arrives, with the next step below it. The exit code is 1 if a check fails. */
async function doctor(session: Session, flags: Flags): Promise<number> {
  const { stdout, progress } = session;
  const format = outputFormat(flags.outputFormat, REPORT_FORMATS);
  const paint = painter(session, stdout);
  // Loaded on demand: it imports the Kubernetes client.
  const { examine } = await import('../doctor/examine.ts');
  const findings: Finding[] = [];
  const look = async () => {
    for await (const finding of examine(session)) {
      findings.push(finding);
      if (format === 'table') stdout.write(linesOf(finding, paint, stdout.isTTY ? widthOf(stdout) : undefined));
    }
  };
  await progress.during(look(), () => 'looking');
  if (format !== 'table') stdout.write(await dataText(format, findings));
  const count = (wanted: Finding['level']) => findings.filter(({ level }) => level === wanted).length;
  if (format === 'table') stdout.write(`${count('fail')} failed, ${count('warn')} to look at, ${count('ok')} ok\n`);
  return count('fail') > 0 ? 1 : 0;
}

const CHECK_WIDTH = 10;
const HELP_INDENT = 18;

/** The finding with the next step below it, wrapped to the terminal's width. */
function linesOf({ check, level, message, help }: Finding, paint: Paint, width: number | undefined): string {
  const head = `${paint(STYLES[level], level.padEnd(4))}  ${check.padEnd(CHECK_WIDTH)}  `;
  const texts = help === undefined ? [message] : [message, help];
  const [first = '', ...others] = texts.flatMap((text) => wrapped(printableLine(text), width));
  return [`${head}${first}\n`, ...others.map((line) => `${' '.repeat(HELP_INDENT)}${line}\n`)].join('');
}

function wrapped(text: string, width: number | undefined): readonly string[] {
  if (width === undefined) return [text];
  const room = Math.max(20, width - HELP_INDENT);
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
