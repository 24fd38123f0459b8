import type { FluxError } from '../../base/index.ts';
import type { ApiResponse } from '../connection/transport.ts';
import { shownError } from '../object/confidential.ts';
import type { LiveObject } from '../object/live.ts';
import { replicasHeldByScale } from '../object/scale.ts';
import type { ApplyStep } from '../plan/step.ts';
import { type ApplyBody, applyBody, withChangeCause } from './body.ts';
import { mergeDuplicates } from './duplicate-items.ts';
import { dropRefusedNulls } from './refused-nulls.ts';
import { serverWarnings } from './server-warnings.ts';

/** The body of an object, adapted until the API server accepts it. */
export interface Draft {
  /** Built on demand, so that waiting objects hold none. */
  current(): ApplyBody;
  /**
   * Adapts the body after a rejection, as `kubectl apply` or the kubelet would interpret it. True if that is possible, so that the apply
   * should be repeated.
   */
  mend(refusal: FluxError): boolean;
  /** Adds the warnings of the API server. */
  taken(answer: Pick<ApiResponse, 'headers'>): void;
}

/** Limit of adaptations: the API server reports all errors of one form together. */
const MENDS = 8;

/** `live` is the object in the cluster, with its managedFields. */
export function createDraft(
  {
    target,
    mark,
    replicas,
    changeCause,
    warnings: given,
  }: Pick<ApplyStep, 'target' | 'mark' | 'replicas' | 'changeCause' | 'warnings'>,
  live: LiveObject | undefined,
): Draft {
  let written: ApplyBody | undefined;
  let mends = 0;
  const shown = (warning: FluxError) => shownError(warning, target, live);
  const current = () => {
    written ??= firstDraft();
    return written;
  };
  function firstDraft(): ApplyBody {
    const { body, warnings } = applyBody(target, mark, replicas === 'git' || !(live && replicasHeldByScale(live)));
    return {
      body: changeCause === undefined ? body : withChangeCause(body, changeCause),
      warnings: [...warnings.map(shown), ...given],
    };
  }
  return {
    current,
    mend({ code, message }) {
      if (code !== 'cluster/invalid' || mends >= MENDS) return false;
      const { body, warnings } = current();
      const mended = mergeDuplicates(body, message) ?? dropRefusedNulls(body, message);
      if (!mended) return false;
      mends += 1;
      written = { body: mended.body, warnings: [...warnings, ...mended.warnings.map(shown)] };
      return true;
    },
    taken(answer) {
      const { body, warnings } = current();
      const said = serverWarnings(answer).map(shown);
      const news = said.filter(({ message }) => !warnings.some((known) => known.message === message));
      written = { body, warnings: [...warnings, ...news] };
    },
  };
}
