import type { Command } from 'commander';
import type { ListedContainer, ListedImage, ListedWorkloadImages } from '../../api/client/index.ts';
import { formatName, parseImageRef } from '../../image/index.ts';
import { formatResourceId, parseResourceIdIn } from '../../resource/index.ts';
import { deprecatedController, type Launch, subcommand } from '../command.ts';
import { notSupported, usageError } from '../errors.ts';
import { imageScansText } from '../image-scans.ts';
import { dataText, isTable, LIST_FORMATS, outputFormat, outputOption } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { formatTable } from '../table.ts';
import { printOrWatch } from '../watch.ts';
import { hintWhy } from '../why-hint.ts';

interface Flags {
  readonly namespace?: string;
  readonly workload?: string;
  readonly controller?: string;
  readonly limit: string;
  readonly headers: boolean;
  readonly outputFormat: string;
  readonly watch?: boolean;
  readonly scans?: boolean;
}

export function listImagesCommand(launch: Launch): Command {
  return subcommand<Flags>('list-images', {
    summary: 'Show the current and available images of workloads',
    examples: [
      'list-images -n shop',
      'list-images --workload=shop:deployment/cart --limit=0',
      'list-images -n shop --watch',
      'list-images --scans',
    ],
    launch,
    instead: 'Use --namespace for a namespace, --workload for a workload.',
    options: (command) =>
      command
        .option('-n, --namespace <namespace>', 'namespace to list (default from the kubeconfig context)')
        .option('-w, --workload <workload>', 'only this workload')
        .option('-l, --limit <number>', 'images shown for each container; 0 shows all', '10')
        .option('--no-headers', 'omit the heading')
        .option('--scans', 'show when image repositories are scanned, and how many requests their registries still answer')
        .option('--watch', 'list again after each change, until interrupted')
        .addOption(outputOption(LIST_FORMATS))
        .addOption(deprecatedController()),
    async run(session, flags) {
      if (flags.workload && flags.controller) throw usageError("can't specify both the controller and image");
      const format = outputFormat(flags.outputFormat, LIST_FORMATS);
      const limit = limitOf(flags.limit);
      if (flags.scans) return listScans(session, flags, format);
      const namespace = await session.namespace(flags.namespace);
      const wanted = flags.workload ?? flags.controller;
      const filter = wanted
        ? { namespace: '', spec: formatResourceId(parseResourceIdIn(namespace, wanted)) }
        : { namespace, spec: '<all>' };
      const client = await session.client();
      let notUpdated: string | undefined;
      const code = await printOrWatch(session, flags, async () => {
        const workloads = [...(await client.listImages(filter))].sort((a, b) => (a.ID < b.ID ? -1 : 1));
        if (workloads.length === 0 && !flags.watch) session.stderr.write(`${nothingFound(filter)}\n`);
        notUpdated = workloads.find(({ Containers }) => Containers?.some(({ NotUpdated = '' }) => NotUpdated !== ''))?.ID;
        return textOf(workloads, { format, limit, headers: flags.headers });
      });
      if (isTable(format)) hintWhy(session, notUpdated);
      return code;
    },
  });
}

async function listScans(session: Session, flags: Flags, format: (typeof LIST_FORMATS)[number]): Promise<number> {
  if (flags.workload || flags.controller) throw usageError('--scans shows all images, and cannot be used with --workload');
  const client = await session.client();
  return printOrWatch(session, flags, async () => {
    const scans = await client.imageScans();
    if (!scans) throw notSupported('list image scans');
    if (scans.disabled) session.stderr.write('Images are not scanned: fluxd runs with --registry-disable-scanning\n');
    if (format === 'json' || format === 'yaml') return dataText(format, scans);
    if (format === 'name') return scans.repositories.map(({ name }) => `${printableLine(name)}\n`).join('');
    return imageScansText(scans, { now: session.clock.now(), headers: flags.headers });
  });
}

interface Layout {
  readonly format: (typeof LIST_FORMATS)[number];
  readonly limit: number;
  readonly headers: boolean;
}

async function textOf(workloads: readonly ListedWorkloadImages[], { format, limit, headers }: Layout): Promise<string> {
  if (format === 'json' || format === 'yaml') {
    if (limit < 0) throw usageError('opts.limit cannot be less than 0');
    const cut = workloads.map((workload) => ({
      ...workload,
      Containers: workload.Containers?.map((container) => truncated(container, limit)) ?? null,
    }));
    return dataText(format, cut.length === 0 ? null : cut);
  }
  if (format === 'name') {
    const running = workloads.flatMap(({ Containers }) => (Containers ?? []).map(({ Current }) => Current.ID));
    return [...new Set(running)].flatMap((image) => (image === '' ? [] : [`${printableLine(image)}\n`])).join('');
  }
  const columns = COLUMNS[format];
  const rows = workloads.flatMap(({ ID, Containers }) =>
    Containers?.length
      ? Containers.flatMap((container, index) => containerRows(index === 0 ? ID : '', container, { limit, columns }))
      : [[ID, '', '', ...columns.map(() => '')]],
  );
  const headings = ['WORKLOAD', 'CONTAINER', 'IMAGE', ...columns.map(({ heading }) => heading)];
  return formatTable([...(headers ? [headings] : []), ...rows]);
}

function nothingFound({ namespace, spec }: { readonly namespace: string; readonly spec: string }): string {
  return spec === '<all>'
    ? `No workloads found in namespace ${JSON.stringify(namespace)}`
    : `No workload ${printableLine(spec)} found`;
}

function limitOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw usageError(`invalid argument "${text}" for "-l, --limit" flag: strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

function truncated(container: ListedContainer, limit: number): ListedContainer {
  return limit > 0 && container.Available ? { ...container, Available: container.Available.slice(0, limit) } : container;
}

interface Column {
  readonly heading: string;
  readonly of: (image: ListedImage) => string;
}

/** Columns after workload, container and image. */
const COLUMNS: Readonly<Record<'table' | 'wide', readonly Column[]>> = {
  table: [{ heading: 'CREATED', of: createdAt }],
  wide: [
    { heading: 'CREATED', of: createdAt },
    { heading: 'DIGEST', of: ({ Digest = '' }) => Digest },
  ],
};

/** A heading line, then the tags, newest first, with a bracket from the newer ones to the current one. */
function containerRows(
  id: string,
  { Name = '', Current, Available, AvailableError, NotUpdated = '' }: ListedContainer,
  { limit, columns }: { readonly limit: number; readonly columns: readonly Column[] },
): string[][] {
  const available = Available ?? [];
  const current = split(Current.ID);
  const problem = AvailableError || (available.length === 0 ? 'image data not available' : printableLine(NotUpdated));
  const [, ...more] = columns.map(() => '');
  const details = (image: ListedImage) => columns.map(({ of }) => of(image));
  const rows = [[id, Name, current.name, problem, ...more]];
  // Compares tags only, as Flux v1 does: a registry can be written in several ways.
  const runningAt = current.tag === '' ? -1 : available.findIndex(({ ID }) => split(ID).tag === current.tag);
  const most = limit > 0 ? limit : available.length;
  for (const [index, image] of available.slice(0, most).entries()) {
    const mark = runningAt < 0 || index < runningAt ? '|  ' : index === runningAt ? "'->" : '   ';
    rows.push(['', '', `${mark} ${shownTag(image)}`, ...details(image)]);
  }
  const running = available[runningAt];
  if (running && runningAt >= most) {
    const omitted = runningAt - most;
    if (omitted > 0) rows.push(['', '', `: (${omitted} image(s) omitted)`, '', ...more]);
    rows.push(['', '', `'-> ${shownTag(running)}`, ...details(running)]);
  }
  if (!running) rows.push(['', '', `'-> ${current.tag || '(untagged)'}`, '?', ...more]);
  return rows;
}

function shownTag({ ID, Banned }: ListedImage): string {
  return `${split(ID).tag}${Banned ? ' (banned)' : ''}`;
}

/** Name and tag of a reference; `:1.2` alone is a tag whose image could not be read. */
function split(reference: string): { readonly name: string; readonly tag: string } {
  if (reference === '') return { name: '', tag: '' };
  if (reference.startsWith(':')) return { name: '', tag: reference.slice(1) };
  try {
    const ref = parseImageRef(reference);
    return { name: formatName(ref), tag: ref.tag };
  } catch {
    return { name: reference, tag: '' }; // shown as received
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Go's zero time. */
const GO_ZERO_TIME = Date.parse('0001-01-01T00:00:00Z');

/** `02 Jan 06 15:04 UTC` (RFC 822), or empty when the time is unknown. */
function createdAt({ CreatedAt }: ListedImage): string {
  const time = new Date(CreatedAt ?? '');
  if (Number.isNaN(time.getTime()) || time.getTime() === GO_ZERO_TIME) return '';
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${two(time.getUTCDate())} ${MONTHS[time.getUTCMonth()]} ${two(time.getUTCFullYear() % 100)}`;
  return `${date} ${two(time.getUTCHours())}:${two(time.getUTCMinutes())} UTC`;
}
