import type { Lab } from './lab.ts';

/** One promise about speed or size, and what came of it. */
export interface Bound {
  /** The words of the promise. */
  readonly promise: string;
  readonly value: string;
  readonly limit: string;
  readonly holds: boolean;
}

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface CaseResult {
  readonly tables: readonly Table[];
  readonly notes?: readonly string[];
  readonly bounds: readonly Bound[];
}

/** One row of what is promised. */
export interface Case {
  /** By which the command line picks it. */
  readonly name: string;
  readonly title: string;
  run(lab: Lab): Promise<CaseResult>;
}

interface Form {
  readonly unit: string;
  /** Digits after the point. */
  readonly digits?: number;
}

/** Bound of a value that must not be larger. */
export function atMost(promise: string, value: number, limit: number, { unit, digits = 0 }: Form): Bound {
  return { promise, value: amount(value, unit, digits), limit: `≤ ${amount(limit, unit, digits)}`, holds: value <= limit };
}

/** Bound of a value that must not be smaller. */
export function atLeast(promise: string, value: number, limit: number, { unit, digits = 0 }: Form): Bound {
  return { promise, value: amount(value, unit, digits), limit: `≥ ${amount(limit, unit, digits)}`, holds: value >= limit };
}

function amount(value: number, unit: string, digits: number): string {
  return `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`;
}
