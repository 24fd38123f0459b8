import type { Clock } from '../base/index.ts';
import type { Api } from './api.ts';
import type { RequestExtras } from './git-host.ts';
import type { Repository } from './repository.ts';

/** What the client of a host is made of. */
export interface HostParts {
  readonly name: string;
  readonly api: Api;
  readonly repository: Repository;
  readonly extras: RequestExtras;
  readonly clock: Clock;
}
