import * as z from 'zod';
import type { ValueObjectKind } from '../substitution/value-objects.ts';

/** An entry of `valuesFrom`, as a HelmRelease of Flux v2 has it. */
export interface ValuesReference {
  readonly kind: ValueObjectKind;
  readonly name: string;
  /** The key in the data of the object. */
  readonly valuesKey: string;
  /** The keys that lead to the one value that the text is; without it, the text is a file of values. */
  readonly targetPath?: readonly string[] | undefined;
  /** Whether that value is the text as it is; otherwise it is read as the value of Helm's `--set`. */
  readonly literal: boolean;
  /** Whether the object, or the key in it, may be missing. */
  readonly optional: boolean;
}

const MAX_REFERENCES = 100;
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const KEY = /^[-._A-Za-z0-9]{1,253}$/;
/** As helm-controller, but without indices of lists. */
const TARGET_PATH = /^(?:[-\w/]|\\[-\w./\\])+(?:\.(?:[-\w/]|\\[-\w./\\])+)*$/;

const TARGET = z
  .string('expected a path')
  .max(250)
  .regex(TARGET_PATH, 'expected keys with dots between them, such as tls.crt, and \\. for a dot in a key; no index of a list')
  .transform((path) => Array.from(path.matchAll(/(?:[^.\\]|\\.)+/g), ([key]) => key.replace(/\\(.)/g, '$1')));

export const VALUES_FROM: z.ZodType<readonly ValuesReference[]> = z
  .array(
    z.strictObject({
      kind: z.enum(['ConfigMap', 'Secret'], 'expected ConfigMap or Secret'),
      name: z.string('expected the name of an object').regex(NAME, 'expected the name of an object'),
      valuesKey: z.string('expected a key of its data').regex(KEY, 'expected a key of its data').default('values.yaml'),
      targetPath: TARGET.optional(),
      literal: z.boolean().default(false),
      optional: z.boolean().default(false),
    }),
  )
  .max(MAX_REFERENCES);
