import { styleText } from 'node:util';
import type { Output } from './output.ts';

type Style = Parameters<typeof styleText>[0];
/** Colours a text, or returns it unchanged. */
export type Paint = (style: Style, text: string) => string;

interface Colouring {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False with --no-color. */
  readonly colour: boolean;
}

/**
 * Colours for a terminal that supports them, unless disabled by `--no-color`, `NO_COLOR` (no-color.org) or `TERM=dumb`.
 */
export function painter({ env, colour }: Colouring, output: Output): Paint {
  const coloured = output.isTTY === true && colour && !env.NO_COLOR && env.TERM !== 'dumb';
  return coloured ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

/** Writes an error or a warning to standard error. */
export function say(session: Colouring & { readonly stderr: Output }, level: 'Error' | 'Warning', text: string): void {
  const paint = painter(session, session.stderr);
  session.stderr.write(`${paint(level === 'Error' ? 'red' : 'yellow', `${level}:`)} ${text}\n`);
}
