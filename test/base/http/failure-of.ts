import { expect } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';

/** What it fails with, which is one of our errors. */
export async function failureOf(promise: Promise<unknown>): Promise<FluxError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FluxError);
  return error as FluxError;
}
