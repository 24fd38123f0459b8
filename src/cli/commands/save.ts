import type { Command } from 'commander';
import { FluxError, messageOf } from '../../base/index.ts';
import { type Launch, subcommand } from '../command.ts';
import type { ExportedObject } from '../exported-object.ts';
import { checkDirectory, writeBelow } from '../output-directory.ts';
import { printable, printableLine } from '../printable.ts';
import type { Session } from '../session.ts';

interface Flags {
  readonly out: string;
}

export function saveCommand(launch: Launch): Command {
  return subcommand<Flags>('save', {
    summary: 'Save the cluster’s workloads as manifests',
    examples: ['save > cluster.yaml', 'save --out=.'],
    launch,
    options: (command) => command.option('-o, --out <directory>', 'existing directory to write to; - means standard output', '-'),
    run: save,
  });
}

async function save(session: Session, { out }: Flags): Promise<number> {
  const toFiles = out !== '-';
  if (toFiles) await checkDirectory(out, `path ${out} is not a directory`);
  const yaml = await exportFrom(session);
  // Loaded on demand: it imports the YAML parser.
  const { readExported } = await import('../exported-object.ts');
  for (const object of readExported(yaml)) {
    // Manifests are written to files unchanged, and to a terminal without control characters.
    if (!toFiles) session.stdout.write(`---\n${printable(object.yaml)}`);
    else {
      const path = await writeBelow(out, pathOf(object), `---\n${object.yaml}`);
      session.stdout.write(`Saving ${printableLine(`${object.kind} '${object.name}'`)} to ${path}\n`);
    }
  }
  return 0;
}

async function exportFrom(session: Session): Promise<string> {
  const client = await session.client();
  try {
    return await session.progress.during(client.exportConfig({ timeoutMs: session.timeoutMs }), () => 'exporting');
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    throw new FluxError(`exporting config: ${messageOf(error)}`, {
      code: error.code,
      fault: error.fault,
      ...(error.help === undefined ? {} : { help: error.help }),
      cause: error,
    });
  }
}

const ABBREVIATIONS: Readonly<Record<string, string>> = { Deployment: 'dep' };

/** `shop-ns.yaml` beside the namespace directories, `shop/cart-dep.yaml` in them. */
function pathOf({ kind, name, namespace }: ExportedObject): readonly string[] {
  if (kind === 'Namespace') return [`${name}-ns.yaml`];
  return [...(namespace === undefined ? [] : [namespace]), `${name}-${ABBREVIATIONS[kind] ?? kind}.yaml`];
}
