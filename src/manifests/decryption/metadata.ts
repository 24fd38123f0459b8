import { z } from 'zod';

/** Limits of what is read of a file that may be crafted; sops itself writes some kilobytes. */
const MAX_KEYS = 100;
const text = z.string().max(16 << 10);
const optional = text.optional();

/** The keys of each kind, as sops names their fields (stores/stores.go). Each has the data key, encrypted for it, in `enc`. */
const KEYS = {
  age: z.object({ recipient: text, enc: text }),
  pgp: z.object({ fp: text, created_at: text, enc: text }),
  kms: z.object({
    arn: text,
    role: optional,
    context: z.record(text, text.nullable()).nullish(),
    aws_profile: optional,
    created_at: text,
    enc: text,
  }),
  gcp_kms: z.object({ resource_id: text, created_at: text, enc: text }),
  azure_kv: z.object({ vault_url: text, name: text, version: text, created_at: text, enc: text }),
  hc_vault: z.object({ vault_address: text, engine_path: text, key_name: text, created_at: text, enc: text }),
} as const;

const list = <T extends z.ZodType>(key: T) => z.array(key).max(MAX_KEYS).nullish();
const group = z.object({
  age: list(KEYS.age),
  pgp: list(KEYS.pgp),
  kms: list(KEYS.kms),
  gcp_kms: list(KEYS.gcp_kms),
  azure_kv: list(KEYS.azure_kv),
  hc_vault: list(KEYS.hc_vault),
});

const schema = group.extend({
  key_groups: z.array(group).max(MAX_KEYS).nullish(),
  // Dotenv and INI have texts alone.
  shamir_threshold: z.coerce.number().int().min(0).max(255).default(0),
  lastmodified: text,
  mac: text,
  version: text.optional(),
  mac_only_encrypted: z.union([z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')]).default(false),
  unencrypted_suffix: optional,
  encrypted_suffix: optional,
  unencrypted_regex: optional,
  encrypted_regex: optional,
  unencrypted_comment_regex: optional,
  encrypted_comment_regex: optional,
});

type Group = z.infer<typeof group>;
type Kind = keyof typeof KEYS;
type Written = { readonly [K in Kind]: z.infer<(typeof KEYS)[K]> };

/** A key that the data key of a file is encrypted for. */
export type MasterKey = { readonly [K in Kind]: { readonly kind: K } & Written[K] }[Kind];

/** Which values are encrypted. At most one of them is set; without, those whose keys do not end in `_unencrypted`. */
export const RULES = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const;

/** What sops writes about a file that it encrypts. */
export interface Metadata {
  /** Each group has one share of the data key, encrypted for each of its keys. There is one group, unless shares are needed. */
  readonly groups: readonly (readonly MasterKey[])[];
  /** How many shares are needed. */
  readonly threshold: number;
  readonly mac: string;
  /** As it is written; the MAC is bound to it. */
  readonly lastModified: string;
  readonly macOnlyEncrypted: boolean;
  readonly rules: Readonly<Partial<Record<(typeof RULES)[number], string>>>;
  readonly version: string | undefined;
}

/** Undefined if it is not what sops writes. */
export function readMetadata(value: unknown): Metadata | undefined {
  const { success, data } = schema.safeParse(value);
  if (!success) return undefined;
  const own = keysOf(data);
  const groups = own.length > 0 ? [own] : (data.key_groups ?? []).map(keysOf);
  const threshold = data.shamir_threshold === 0 ? groups.length : data.shamir_threshold;
  const rules = Object.fromEntries(RULES.flatMap((name) => (data[name] ? [[name, data[name]]] : [])));
  return {
    groups,
    threshold: own.length > 0 ? 1 : threshold,
    mac: data.mac,
    lastModified: data.lastmodified,
    macOnlyEncrypted: data.mac_only_encrypted,
    rules,
    version: data.version,
  };
}

function keysOf(group: Group): readonly MasterKey[] {
  return [
    ...(group.kms ?? []).map((key) => ({ kind: 'kms' as const, ...key })),
    ...(group.gcp_kms ?? []).map((key) => ({ kind: 'gcp_kms' as const, ...key })),
    ...(group.azure_kv ?? []).map((key) => ({ kind: 'azure_kv' as const, ...key })),
    ...(group.hc_vault ?? []).map((key) => ({ kind: 'hc_vault' as const, ...key })),
    ...(group.pgp ?? []).map((key) => ({ kind: 'pgp' as const, ...key })),
    ...(group.age ?? []).map((key) => ({ kind: 'age' as const, ...key })),
  ];
}

/** A group whose share is not to be had. The others keep their number, also where an empty one cannot be written. */
const NO_KEYS = { age: [{ recipient: 'none', enc: 'none' }] };

/** As sops reads it: nothing that `readMetadata` does not know is in it. */
export function writeMetadata({ groups, threshold, rules, ...metadata }: Metadata): WrittenMetadata {
  const [only, ...others] = groups;
  return {
    ...(only && others.length === 0 && threshold <= 1
      ? writeGroup(only)
      : { key_groups: groups.map((keys) => (keys.length === 0 ? NO_KEYS : writeGroup(keys))), shamir_threshold: threshold }),
    lastmodified: metadata.lastModified,
    mac: metadata.mac,
    ...(metadata.macOnlyEncrypted ? { mac_only_encrypted: true } : {}),
    ...rules,
    version: metadata.version ?? '3.0.0',
  };
}

export type WrittenValue = string | number | boolean | null | readonly WrittenValue[] | { readonly [key: string]: WrittenValue };
export type WrittenMetadata = { readonly [key: string]: WrittenValue };

function writeGroup(keys: readonly MasterKey[]): WrittenMetadata {
  const lists: Record<string, WrittenMetadata[]> = {};
  for (const { kind, ...key } of keys) {
    const fields: Record<string, WrittenValue> = {};
    for (const [name, value] of Object.entries(key)) if (value !== undefined && value !== null) fields[name] = value;
    lists[kind] = [...(lists[kind] ?? []), fields];
  }
  return lists;
}
