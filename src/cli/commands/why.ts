import { type Command, Option } from 'commander';
import { formatResourceId, parseResourceIdIn } from '../../resource/index.ts';
import { type Launch, subcommand } from '../command.ts';
import { notSupported, usageError } from '../errors.ts';
import { widthOf } from '../output.ts';
import { dataText, outputFormat, outputOption } from '../output-format.ts';
import type { Session } from '../session.ts';
import { painter } from '../style.ts';
import { printOrWatch } from '../watch.ts';
import { formatWhy } from '../why-report.ts';

interface Flags {
  readonly namespace?: string;
  readonly container?: string;
  readonly image?: string;
  readonly file?: string;
  readonly outputFormat: string;
  readonly watch?: boolean;
}

const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;

export function whyCommand(launch: Launch): Command {
  return subcommand<Flags>('why', {
    summary: 'Explain why an object, an image or a file is as it is',
    examples: [
      'why shop:deployment/cart',
      'why -n shop deployment/cart -c cart -o wide',
      'why --image=acme/cart:1.4.0',
      'why --file=shop/cart.yaml:12',
    ],
    launch,
    anyArguments: '[<object>]',
    options: (command) =>
      command
        .option('-n, --namespace <namespace>', 'namespace of an object without one; with --image, only its workloads')
        .addOption(new Option('-c, --container <name>', 'only this container of the object'))
        .option('--image <image>', 'explain an image in use, with or without a tag')
        .option('--file <path>', "explain a file of the repository, with or without ':LINE'")
        .option('--watch', 'explain again after each change, until interrupted')
        .addOption(outputOption(FORMATS)),
    run: why,
  });
}

async function why(session: Session, flags: Flags, args: readonly string[]): Promise<number> {
  const format = outputFormat(flags.outputFormat, FORMATS);
  const question = await questionOf(session, flags, args);
  const client = await session.client();
  return printOrWatch(session, flags, async () => {
    const found = await client.why(question);
    if (!found) throw notSupported('explain');
    if (format === 'json' || format === 'yaml') return dataText(format, found);
    return formatWhy(found, {
      paint: painter(session, session.stdout),
      width: session.stdout.isTTY ? (widthOf(session.stdout) ?? NARROW) : undefined,
      all: format === 'wide',
      now: session.clock.now(),
    });
  });
}

/** Width of a terminal that does not say how wide it is. */
const NARROW = 80;

/** @throws FluxError `cli/usage` unless it asks about exactly one thing. */
async function questionOf(
  session: Session,
  { namespace, container, image, file }: Flags,
  [id, ...more]: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const asked = [id, image, file].filter((each) => each !== undefined);
  if (asked.length !== 1 || more.length > 0)
    throw usageError('expected one object, or --image, or --file', 'fluxctl why shop:deployment/cart explains a workload.');
  if (container !== undefined && id === undefined) throw usageError('--container needs an object');
  if (image !== undefined) return { image, ...(namespace === undefined ? {} : { namespace }) };
  if (file !== undefined) return { file };
  const full = formatResourceId(parseResourceIdIn(await session.namespace(namespace), id ?? ''));
  return { id: full, ...(container === undefined ? {} : { container }) };
}
