import { isFields } from '../../resource/index.ts';

/** An unvalidated part of an object from the API server. */
export type Fields = Readonly<Record<string, unknown>>;

/** One entry of `status.conditions`; missing and non-string values are empty. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function numberOf(value: unknown, otherwise = 0): number {
  return typeof value === 'number' ? value : otherwise;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function recordsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** The conditions of an object. */
export function conditionsOf(object: Fields): readonly Condition[] {
  return recordsOf(fieldsOf(object.status).conditions).map(({ type, status, reason, message }) => ({
    type: textOf(type),
    status: textOf(status),
    reason: textOf(reason),
    message: textOf(message),
  }));
}
