import { Option } from 'commander';
import { goJson } from '../base/index.ts';
import { usageError } from './errors.ts';
import { printable, printableJson } from './printable.ts';

/** `tab` is Flux v1's name for a table. */
const FORMATS = { tab: 'table', table: 'table', wide: 'wide', json: 'json', yaml: 'yaml', name: 'name' } as const;

export type OutputFormat = (typeof FORMATS)[keyof typeof FORMATS];
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Formats of commands whose result is not a list of named items. */
export const REPORT_FORMATS = ['table', 'json', 'yaml'] as const;
export const NAME_FORMATS = ['table', 'json', 'yaml', 'name'] as const;
/** Formats of what is itself YAML. */
export const RENDER_FORMATS = ['yaml', 'json', 'name'] as const;
export const LIST_FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;

/** Whether a person reads it, rather than a program. */
export function isTable(format: OutputFormat): boolean {
  return format === 'table' || format === 'wide';
}

/** The `-o` option with these formats: a table by default, if that is one of them, else the first. */
export function outputOption(formats: readonly OutputFormat[]): Option {
  const option = new Option('-o, --output-format <format>', `print as ${wordsOf(formats)}`).default(
    formats.includes('table') ? 'table' : formats[0],
  );
  // For completion only; `outputFormat` rejects others in Flux v1's words.
  option.argChoices = [...formats];
  return option;
}

function wordsOf(formats: readonly OutputFormat[]): string {
  return `${formats.slice(0, -1).join(', ')} or ${formats.at(-1)}`;
}

/** @throws FluxError `cli/usage` for a format that the command does not support. */
export function outputFormat<Format extends OutputFormat>(text: string, formats: readonly Format[]): Format {
  const known = Object.hasOwn(FORMATS, text) ? FORMATS[text as keyof typeof FORMATS] : undefined;
  const format = formats.find((each) => each === known);
  if (format === undefined) throw usageError('invalid output format specified', `-o accepts ${wordsOf(formats)}.`);
  return format;
}

/** Data for other programs: JSON on one line, as Go writes it, or a YAML document. */
export async function dataText(format: 'json' | 'yaml', data: unknown): Promise<string> {
  if (format === 'json') return `${printableJson(goJson(data))}\n`;
  // Loaded on demand: it imports the YAML writer.
  const { dumpYaml } = await import('../base/index.ts');
  return printable(dumpYaml(data));
}
