import { diffLines } from '../../base/index.ts';
import type { Daemon, ObjectDiffReport } from '../../controller/index.ts';
import { isRevision } from '../../repository/index.ts';
import type { Route } from '../route.ts';
import { badRequest } from '../status.ts';
import type { ObjectDiffWire } from '../wire/index.ts';
import { objectIdOf } from './object-id.ts';
import { textParameter } from './parameter.ts';
import { placeToWire } from './place.ts';
import { V1_PREFIX } from './prefix.ts';
import { cutValue, isLongValue } from './shown-value.ts';
import { errorToWire } from './sync-report.ts';

/** `GET /api/v1/objects/diff?id=shop:deployment/cart&from=…&to=…`: how an object of Git differs between two synced revisions. */
export function objectDiffRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/objects/diff`,
      access: 'authorized',
      async handle({ query, signal }) {
        const question = { id: objectIdOf(query), from: revisionOf(query, 'from'), to: revisionOf(query, 'to') };
        const body = reportToWire(await daemon.objectDiff(question, { signal }));
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}

/** @throws FluxError `api/bad-request`. */
function revisionOf(query: URLSearchParams, name: string): string {
  const revision = textParameter(query, name);
  if (revision !== undefined && isRevision(revision)) return revision;
  throw badRequest(`${name} is not a full revision`, { help: 'Give the revision and previous of a sync in /api/v1/history.' });
}

function reportToWire(report: ObjectDiffReport): ObjectDiffWire {
  switch (report.state) {
    case 'compared': {
      const { before, after, hidden, fields, isCut } = report;
      const room = { text: MAX_TEXT, cells: MAX_CELLS, lines: MAX_LINES };
      return {
        state: 'compared',
        ...(before ? { before: placeToWire(before) } : {}),
        ...(after ? { after: placeToWire(after) } : {}),
        ...(hidden === undefined ? {} : { hidden }),
        fields: fields.map((field) => fieldToWire(field, room)),
        isCut,
      };
    }
    case 'rendered':
      return { state: 'rendered', place: placeToWire(report.place) };
    case 'unread': {
      const { revision, file, error } = report;
      return { state: 'unread', revision, file, error: errorToWire(error) };
    }
  }
}

type Field = Extract<ObjectDiffReport, { readonly state: 'compared' }>['fields'][number];
type FieldWire = Extract<ObjectDiffWire, { state: 'compared' }>['fields'][number];

/** Characters and pairs of lines that are compared in one answer, in about 20 ms; lines of it, and characters of one. */
const MAX_TEXT = 256 << 10;
const MAX_CELLS = 1_000_000;
const MAX_LINES = 2_000;
const MAX_LINE = 1_000;

/** What is left for the texts of one answer. */
interface Room {
  text: number;
  cells: number;
  lines: number;
}

/** Of texts of several lines, those that differ say more than the beginning. */
function fieldToWire({ path, from, to }: Field, room: Room): FieldWire {
  if (typeof from !== 'string' || typeof to !== 'string' || !(from.includes('\n') || to.includes('\n')))
    return {
      path,
      ...(from === undefined ? {} : { from: cutValue(from) }),
      ...(to === undefined ? {} : { to: cutValue(to) }),
      ...(isLongValue(from) || isLongValue(to) ? { isCut: true } : {}),
    };
  const length = from.length + to.length;
  if (length > room.text) return { path, ...fromFirstDifference(from, to), isCut: true };
  const [before, after] = [from.split('\n'), to.split('\n')];
  if (before.length + after.length > MAX_LINES * 10) return { path, ...fromFirstDifference(from, to), isCut: true };
  const script = diffLines(before, after, room.cells);
  const lines = script.slice(0, room.lines).map(([sign, text]) => ({ sign, text: text.slice(0, MAX_LINE) }));
  const isCut = script.length > lines.length || script.some(([, text]) => text.length > MAX_LINE);
  room.text -= length;
  room.cells = Math.max(0, room.cells - before.length * after.length);
  room.lines -= lines.length;
  return { path, lines, ...(isCut ? { isCut } : {}) };
}

/** Texts that are too long to compare, from the line on in which they begin to differ. */
function fromFirstDifference(from: string, to: string): Pick<FieldWire, 'from' | 'to'> {
  let at = 0;
  while (at < from.length && at < to.length && from[at] === to[at]) at += 1;
  const start = from.lastIndexOf('\n', at - 1) + 1;
  const rest = (text: string) => cutValue(start === 0 ? text : `…\n${text.slice(start)}`);
  return { from: rest(from), to: rest(to) };
}
