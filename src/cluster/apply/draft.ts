import type { FluxError } from '../../base/index.ts';
import { withoutSecretData } from '../connection/status-error.ts';
import type { ApiResponse } from '../connection/transport.ts';
import type { LiveObject } from '../object/live.ts';
import { replicasHeldByScale } from '../object/scale.ts';
import type { ApplyStep } from '../plan/step.ts';
import { type ApplyBody, applyBody } from './body.ts';
import { mergeDuplicates } from './duplicate-items.ts';
import { dropRefusedNulls } from './refused-nulls.ts';
import { serverWarnings } from './server-warnings.ts';

/** What is sent for an object, until the API server takes it. */
export interface Draft {
  /** Made when it is first asked for, so that objects that wait for their turn hold none. */
  current(): ApplyBody;
  /**
   * After a refusal: reads what was refused as `kubectl apply`, or the kubelet, would have read it. True when there is such a
   * reading, and sending again makes sense.
   */
  mend(refusal: FluxError): boolean;
  /** Adds what the API server warned of when it took it. */
  taken(answer: Pick<ApiResponse, 'headers'>): void;
}

/** What the API server refuses for its form it names all at once; what is left after these has no reading. */
const MENDS = 8;

/** `live` is the object as it is in the cluster, with its managedFields. */
export function createDraft(
  { target, mark, replicas, warnings: told }: Pick<ApplyStep, 'target' | 'mark' | 'replicas' | 'warnings'>,
  live: LiveObject | undefined,
): Draft {
  let written: ApplyBody | undefined;
  let mends = 0;
  const current = () => {
    written ??= firstDraft();
    return written;
  };
  function firstDraft(): ApplyBody {
    const { body, warnings } = applyBody(target, mark, replicas === 'git' || !(live && replicasHeldByScale(live)));
    return { body, warnings: [...warnings, ...told] };
  }
  return {
    current,
    mend({ code, message }) {
      if (code !== 'cluster/invalid' || mends >= MENDS) return false;
      const { body, warnings } = current();
      const mended = mergeDuplicates(body, message) ?? dropRefusedNulls(body, message);
      if (!mended) return false;
      mends += 1;
      written = { body: mended.body, warnings: [...warnings, ...mended.warnings] };
      return true;
    },
    taken(answer) {
      const { body, warnings } = current();
      const { object } = target.manifest;
      const said = serverWarnings(answer).map((warning) =>
        target.resource.kind === 'Secret' ? withoutSecretData(warning, object, target.name) : warning,
      );
      const news = said.filter(({ message }) => !warnings.some((known) => known.message === message));
      written = { body, warnings: [...warnings, ...news] };
    },
  };
}
