import type { ValueObjects } from './value-objects.ts';

/** What `${NAME}` stands for in manifests. Plain data, since it is sent to a thread. */
export interface Variables {
  readonly values: Readonly<Record<string, Variable>>;
  /** Where they are from, for messages: `configmap/settings`. */
  readonly sources: readonly string[];
  /** Changes whenever a value may have changed. No value can be found from it. */
  readonly version: string;
  /** Why they are not known, if they are not: no variable has a value then, or a default. */
  readonly unknown?: string;
  /** Whether a variable without a value stays as it is written. */
  readonly optional: boolean;
}

export interface Variable {
  readonly value: string;
  /** Values of a Secret may become part of `data` and `stringData` of Secrets alone. */
  readonly isSecret: boolean;
}

/** How a variable begins: a text without it has none. */
export const VARIABLE_START = '${';

/** Whether the bytes of a file may have variables. */
export function mayHaveVariables({ buffer, byteOffset, length }: Uint8Array): boolean {
  return Buffer.from(buffer, byteOffset, length).includes(VARIABLE_START);
}

/** As those of environment variables. */
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The variables whose values are in objects: each key that is a name, of which the later object wins. While an object is not known, no
 * variable is, since that object may have the value that counts.
 */
export function variablesIn(objects: ValueObjects): Variables | undefined {
  if (objects.kind === 'left-out') return undefined;
  const { byName, optional } = objects;
  const common = { sources: [...byName.keys()], optional };
  const values = new Map<string, Variable>();
  const versions: string[] = [];
  for (const [name, object] of byName) {
    const unknown =
      object.kind === 'unreadable'
        ? `${name} cannot be read: ${object.why}`
        : object.kind === 'absent' && !optional
          ? `${name} does not exist`
          : undefined;
    if (unknown !== undefined) return { ...common, values: {}, version: 'unknown', unknown };
    if (object.kind !== 'present') continue;
    const variables = Object.entries(object.data).filter(([key]) => VARIABLE_NAME.test(key));
    // An object that has values of charts alone changes no variable.
    if (variables.length > 0) versions.push(object.version);
    for (const [key, value] of variables) values.set(key, { value, isSecret: name.startsWith('secret/') });
  }
  return { ...common, values: Object.fromEntries(values), version: versions.join(' ') };
}
