import type { Backend } from './backend.ts';

export async function startEmbeddedBackend(): Promise<Backend> {
  throw new Error('the embedded parts are not built yet');
}
