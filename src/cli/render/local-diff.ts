import { isUtf8 } from 'node:buffer';
import type { DiffReportWire, DiffRequestWire } from '../../api/client/index.ts';
import { dumpYaml, FluxError } from '../../base/index.ts';
import { VALUES_LEFT_OUT } from '../../manifests/index.ts';
import { isRendered, type Manifest, type Problem, type RenderedPlace } from '../../resource/index.ts';
import type { Rendered } from './render-local.ts';

export type LocalDiff = Refused | Comparable;

/** What cannot be sent, and would count as deleted, or as changed. */
interface Refused {
  readonly kind: 'refused';
  readonly errors: readonly Problem[];
  readonly error: FluxError;
}

/** Local files in the form that a daemon compares. */
interface Comparable {
  readonly kind: 'comparable';
  readonly request: Extract<DiffRequestWire, { files: unknown }>;
  /** Warnings that the daemon does not find by itself. */
  readonly warnings: readonly Problem[];
  /** What the daemon answers, with the places of the repository in place of those of the request. */
  readonly answered: (report: DiffReportWire) => DiffReportWire;
}

/** The objects of one unit as a file, which no repository has: its path is below that of a file. */
interface UnitFile {
  readonly path: string;
  readonly content: string;
  /** By the number of the document. */
  readonly places: readonly RenderedPlace[];
}

/**
 * The request for a diff of what is rendered: plain files as they are, so that the daemon refuses what it would refuse, and a file for the
 * output of each unit.
 * @throws FluxError `cli/bad-path` for files that are not UTF-8, and when all together exceed `maxBytes`
 */
export async function localDiff(rendered: Rendered, maxBytes: number): Promise<LocalDiff> {
  const { state } = rendered;
  const units = unitFiles(state.manifests);
  const plain = new Set(
    [...state.manifests.map(({ place }) => place), ...state.errors].flatMap(({ file, ...rest }) =>
      file !== undefined && !('unit' in rest) && rendered.fileAt(file)?.mode.startsWith('100') ? [file] : [],
    ),
  );
  const unread = state.errors.filter(({ file = '', unit }) => unit !== undefined || !plain.has(file));
  const incomplete = state.warnings.filter(({ error }) => error.code === VALUES_LEFT_OUT);
  const errors = [...unread, ...incomplete];
  if (errors.length > 0) return { kind: 'refused', errors, error: unread.length > 0 ? notRead() : withoutValues() };
  let bytes = units.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  const files = units.map(({ path, content }) => ({ path, content }));
  for (const path of plain) {
    bytes += rendered.fileAt(path)?.size ?? 0;
    if (bytes > maxBytes) break;
    files.push({ path, content: textOf(path, await rendered.contentOf(path)) });
  }
  if (bytes > maxBytes) throw badPath(`manifests exceed ${maxBytes / 2 ** 20} MiB, the daemon's limit`);
  return {
    kind: 'comparable',
    request: { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) },
    warnings: state.warnings.filter(({ file = '', unit }) => unit !== undefined || !plain.has(file)),
    answered: (report) => withPlaces(report, new Map(units.map(({ path, places }) => [path, places]))),
  };
}

function notRead(): FluxError {
  return new FluxError('nothing is compared: objects that could not be read would count as deleted', {
    code: 'cli/not-rendered',
    fault: 'user',
    help: 'Correct what is refused, or leave it out of --path.',
  });
}

function withoutValues(): FluxError {
  return new FluxError('nothing is compared: values that are missing would look like changes', {
    code: 'cli/not-rendered',
    fault: 'user',
    help: 'Push a branch, and run fluxctl diff --revision=BRANCH, or leave these charts out of --path.',
  });
}

function unitFiles(manifests: readonly Manifest[]): readonly UnitFile[] {
  const byUnit = new Map<string, { readonly texts: string[]; readonly places: RenderedPlace[] }>();
  for (const { place, object } of manifests) {
    if (!isRendered(place)) continue;
    const unit = byUnit.get(place.unit) ?? { texts: [], places: [] };
    byUnit.set(place.unit, unit);
    unit.texts.push(`---\n${dumpYaml(object)}`);
    unit.places.push(place);
  }
  return [...byUnit].map(([name, { texts, places }]) => ({ path: pathOf(name), content: texts.join(''), places }));
}

/** A path for `envs/staging/../.flux.yaml`. A daemon refuses paths with `..`. */
function pathOf(unit: string): string {
  const parts = unit.split('/').filter((part) => part !== '..' && part !== '.');
  return [...parts, 'output.yaml'].join('/');
}

function withPlaces(report: DiffReportWire, units: ReadonlyMap<string, readonly RenderedPlace[]>): DiffReportWire {
  const placeOf = (file: string | undefined, document: number | undefined) => {
    const place = units.get(file ?? '')?.[(document ?? 0) - 1];
    return place && { ...place, line: 1, ...(place.origin ? { origin: { ...place.origin } } : {}) };
  };
  const inUnit = (problem: DiffReportWire['errors'][number]) => {
    const place = placeOf(problem.file, problem.document);
    if (!place) return problem;
    const { line: _line, column: _column, ...rest } = problem;
    const { line: __line, ...where } = place;
    return { ...rest, ...where };
  };
  return {
    ...report,
    entries: report.entries.map((entry) => {
      const place = entry.place && placeOf(entry.place.file, entry.place.document);
      return place ? { ...entry, place } : entry;
    }),
    errors: report.errors.map(inUnit),
    warnings: report.warnings.map(inUnit),
  };
}

function textOf(path: string, bytes: Buffer): string {
  if (!isUtf8(bytes)) throw badPath(`${path}: not UTF-8 text`);
  return bytes.toString('utf8');
}

function badPath(message: string): FluxError {
  return new FluxError(message, { code: 'cli/bad-path', fault: 'user' });
}
