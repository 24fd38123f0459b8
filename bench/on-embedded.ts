import { createRepository, type Repository } from '../test/e2e/harness/repository.ts';
import { type ApiServer, startEmbeddedApi } from './api-server.ts';

/** What a daemon works on. */
export interface Ground {
  readonly server: ApiServer;
  readonly repository: Repository;
}

/** Measures on an embedded API and a repository that are there for this alone, and takes both away. */
export async function onEmbedded<T>(measure: (ground: Ground) => Promise<T>): Promise<T> {
  const server = await startEmbeddedApi();
  const repository = await createRepository();
  try {
    return await measure({ server, repository });
  } finally {
    repository.remove();
    await server.stop();
  }
}
