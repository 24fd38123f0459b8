import { randomBytes } from 'node:crypto';

/** Secrets that nobody could guess, by where they are planted. */
export function plant<Name extends string>(...names: readonly Name[]): Readonly<Record<Name, string>> {
  return Object.fromEntries(names.map((name) => [name, `k${randomBytes(12).toString('hex')}`])) as Record<Name, string>;
}

/** As it is, and as it would look encoded; of each the beginning, in case the rest is cut. */
function forms(secret: string): readonly string[] {
  // Base64 of what stands behind one or two other bytes looks different.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from('x'.repeat(shift) + secret)
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, 16),
  );
  return [secret.slice(0, 10), Buffer.from(secret).toString('hex').slice(0, 20), ...base64];
}

/** Which secrets show up, and where. */
export function leaksOf(planted: Readonly<Record<string, string>>, outputs: ReadonlyMap<string, string>): readonly string[] {
  return [...outputs].flatMap(([where, text]) =>
    Object.entries(planted)
      .filter(([, secret]) => forms(secret).some((form) => text.includes(form)))
      .map(([name]) => `${name} in ${where}`),
  );
}

/** Says how many secrets were planted, in how many outputs they were looked for, and how many stayed hidden. */
export function reportCanaries(
  planted: Readonly<Record<string, string>>,
  outputs: ReadonlyMap<string, string>,
  leaks: readonly string[],
): void {
  const tried = Object.keys(planted).length;
  const held = Object.keys(planted).filter((name) => !leaks.some((leak) => leak.startsWith(`${name} in `))).length;
  process.stdout.write(`canaries: ${tried} tried, ${held} held, in ${outputs.size} outputs\n`);
}
