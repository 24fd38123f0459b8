/** The first names of a list, and how many it has beside them: `a, b and 3 more`. */
export function fewOf(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return names.slice(0, most).join(', ') + more;
}
