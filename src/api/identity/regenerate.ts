import type { Daemon } from '../../controller/index.ts';
import { requireRight } from '../access/session.ts';
import { audited } from '../audit.ts';
import type { ApiRequest } from '../route.ts';

/** Where a new deploy key is requested. Its right is needed at the routes of Flux v1 as well, since those serve reading, too. */
export const REGENERATE_PATH = '/api/v1/identity/regenerate';

/** Generates a new deploy key; resolves to what `gitConfig` says then. */
export async function regenerateKey(daemon: Daemon, { session, audit }: Pick<ApiRequest, 'session' | 'audit'>) {
  await requireRight(session, { method: 'POST', path: REGENERATE_PATH, served: true });
  return audited(audit, { act: 'identity' }, () => daemon.gitConfig({ regenerateKey: true }));
}
