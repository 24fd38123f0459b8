import { styleText } from 'node:util';
import type { Output } from './output.ts';
import type { Session } from './session.ts';

type Style = Parameters<typeof styleText>[0];
/** Gives a text a colour, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/**
 * Colours for a terminal that shows them, unless somebody does not want them: `--no-color`, `NO_COLOR` (no-color.org), or
 * `TERM=dumb`.
 */
export function painter({ env, colour }: Pick<Session, 'env' | 'colour'>, output: Output): Paint {
  const coloured = output.isTTY === true && colour && !env.NO_COLOR && env.TERM !== 'dumb';
  return coloured ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}
