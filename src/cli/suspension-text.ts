import type { AutomationWire } from '../api/client/index.ts';
import { printableLine } from './printable.ts';

/** One line for each source. */
export function automationText({ sources }: AutomationWire): string {
  return sources.map((source) => `${prefix(source, sources)}${stateText(source)}\n`).join('');
}

/** One line for each source whose automation is suspended. */
export function suspensionText({ sources }: AutomationWire): string {
  const suspended = sources.filter(({ suspension }) => suspension);
  return suspended.map((source) => `${prefix(source, sources)}${stateText(source)}; fluxctl resume ends that\n`).join('');
}

type Source = AutomationWire['sources'][number];

function prefix({ name }: Source, { length }: readonly Source[]): string {
  return length > 1 ? `source ${printableLine(name)}: ` : '';
}

function stateText({ suspension }: Source): string {
  if (!suspension) return 'automation is not suspended';
  const { user, message, since } = suspension;
  const who = user === '' ? '' : ` by ${printableLine(user)}`;
  const why = message === '' ? '' : `: ${printableLine(message)}`;
  return `automation is suspended since ${printableLine(since)}${who}${why}`;
}
