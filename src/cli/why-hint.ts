import type { Output } from './output.ts';
import { printableLine } from './printable.ts';

/** Points to `fluxctl why` for the first object of a list, on standard error, so that what programs read stays as it is. */
export function hintWhy({ stderr }: { readonly stderr: Output }, id: string | undefined): void {
  if (id !== undefined) stderr.write(`Run \`fluxctl why ${printableLine(id)}\` to see why.\n`);
}
