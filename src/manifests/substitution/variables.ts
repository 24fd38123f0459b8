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

export function isVariableName(name: string): boolean {
  return VARIABLE_NAME.test(name);
}
