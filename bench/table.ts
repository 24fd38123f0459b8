import type { Bound, Case, CaseResult, Table } from './case.ts';

/** A case and what came of it, as Markdown. */
export function caseLines({ title, name }: Case, { tables, notes = [], bounds }: CaseResult): readonly string[] {
  const paragraphs = [
    [`## ${title} (\`${name}\`)`],
    ...tables.map(tableLines),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`)]),
    tableLines(boundsTable(bounds)),
  ];
  return paragraphs.flatMap((lines) => ['', ...lines]);
}

function boundsTable(bounds: readonly Bound[]): Table {
  return {
    header: ['', 'bound', 'measured', 'limit'],
    rows: bounds.map(({ promise, value, limit, holds }) => [holds ? 'pass' : '**FAIL**', promise, value, limit]),
  };
}

/** With its unit. */
const NUMBER = /^(?:(?:[≤≥] )?\d[\d.]*(?: [\w×/.]+)*)?$/;

/** Columns of numbers are aligned to the right. */
function tableLines({ header, rows }: Table): readonly string[] {
  const align = header.map((_, column) => (rows.every((row) => NUMBER.test(row[column] ?? '')) ? '---:' : '---'));
  return [header, align, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
