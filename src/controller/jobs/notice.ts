import { type Cancellable, type Clock, type Logger, rfc3339 } from '../../base/index.ts';
import type { MinAge } from '../../policy/index.ts';
import { noticeTags, type Suspension, type UpdateContext } from '../../update/index.ts';
import type { AutomationMemory } from '../memory/automation-memory.ts';
import type { ImageWatch } from '../ports/image-watch.ts';

export interface NoticeOptions {
  readonly memory: AutomationMemory;
  readonly images: ImageWatch;
  readonly minAge: MinAge;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Reads what automation remembers, and adds the tags of the registries that it sees for the first time. */
export type Notice = (manifests: UpdateContext['manifests'], cancel: Cancellable) => Promise<void>;

export function createNotice({ memory: { memory, seen, suspension }, images, minAge, clock, log }: NoticeOptions): Notice {
  let logged: Suspension | undefined;
  return async (manifests, cancel) => {
    // Without it, it is unknown whether automation is suspended.
    await memory.load(cancel);
    const { value } = suspension;
    if (value && value !== logged) log.info({ ...value, since: rfc3339(value.since) }, 'automation is suspended');
    logged = value;
    const known = seen.value;
    const noticed = await noticeTags(known, { manifests, images, byDefault: minAge, now: clock.now(), ...cancel });
    if (noticed !== known) seen.note(noticed);
  };
}
