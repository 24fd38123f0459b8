/** Fields of a Debian control paragraph by name; https://www.debian.org/doc/debian-policy/ch-controlfields.html */
export type Control = Readonly<Record<string, string>>;

/** Reads the first paragraph of `text`; continued lines are kept with their line ends. */
export function parseControl(text: string): Control {
  const paragraph = text.split(/\n[ \t]*\n/, 1)[0] ?? '';
  const fields = paragraph.split(/\n(?![ \t])/).map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return Object.fromEntries(fields);
}

/** One dependency: any of these packages meets it. Versions are left to apt, which takes all packages from one release. */
export type Dependency = readonly string[];

/** What a package cannot do without: `Pre-Depends` and `Depends`. */
export function dependenciesOf(control: Control): readonly Dependency[] {
  return [control['Pre-Depends'], control.Depends]
    .flatMap((field) => field?.split(',') ?? [])
    .map((dependency) => dependency.split('|').map((alternative) => alternative.trim().split(/[\s(:[]/, 1)[0] ?? ''))
    .filter((alternatives) => alternatives.some((name) => name !== ''));
}

/**
 * The packages that `names` need, themselves included, in alphabetical order; those of `without` are left out. Of alternatives the first
 * is taken, unless one is there already or one of `names` provides it.
 * @throws Error when there is no package of that name, or when something in `without` is needed by nothing (and so has no reason)
 */
export function closure(
  names: readonly string[],
  without: readonly string[],
  lookUp: (name: string) => Control | undefined,
): readonly Control[] {
  const found = new Map<string, Control>();
  const provided = names
    .flatMap((name) => lookUp(name)?.Provides?.split(',') ?? [])
    .map((name) => name.trim().split(/[\s(]/, 1)[0] ?? '');
  const isThere = (name: string) => found.has(name) || queue.includes(name) || provided.includes(name);
  const left = new Set<string>();
  const queue = [...names];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (found.has(name)) continue;
    const control = lookUp(name);
    if (!control) throw new Error(`Debian has no package ${name}`);
    found.set(name, control);
    for (const alternatives of dependenciesOf(control)) {
      const leftOut = alternatives.find((alternative) => without.includes(alternative));
      if (leftOut !== undefined) left.add(leftOut);
      else if (!alternatives.some(isThere)) queue.push(...alternatives.slice(0, 1));
    }
  }
  const idle = without.find((name) => !left.has(name));
  if (idle !== undefined) throw new Error(`${idle} is left out, but no package needs it`);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, control]) => control);
}
