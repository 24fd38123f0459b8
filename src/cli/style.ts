import { styleText } from 'node:util';
import type { Output } from './output.ts';

type Style = Parameters<typeof styleText>[0];
/** Gives a text a colour, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

interface Colouring {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False with --no-color. */
  readonly colour: boolean;
}

/**
 * Colours for a terminal that shows them, unless somebody does not want them: `--no-color`, `NO_COLOR` (no-color.org), or
 * `TERM=dumb`.
 */
export function painter({ env, colour }: Colouring, output: Output): Paint {
  const coloured = output.isTTY === true && colour && !env.NO_COLOR && env.TERM !== 'dumb';
  return coloured ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

/** Says on standard error what went wrong, or may. */
export function say(session: Colouring & { readonly stderr: Output }, level: 'Error' | 'Warning', text: string): void {
  const paint = painter(session, session.stderr);
  session.stderr.write(`${paint(level === 'Error' ? 'red' : 'yellow', `${level}:`)} ${text}\n`);
}
