import { FluxError } from '../../base/index.ts';

/** Which daemon writes for the source, as far as this one knows. */
export type Leadership =
  /** The election has no result yet. */
  | { readonly state: 'undecided' }
  /** This daemon may write, until its term aborts. */
  | { readonly state: 'leading'; readonly term: AbortSignal }
  | { readonly state: 'following'; readonly leader: string }
  /** This daemon may not write, and it cannot find out which one may. */
  | { readonly state: 'unknown'; readonly trouble: FluxError };

export const UNDECIDED: Leadership = { state: 'undecided' };

export const leading = (term: AbortSignal): Leadership => ({ state: 'leading', term });
export const following = (leader: string): Leadership => ({ state: 'following', leader });
export const unknown = (trouble: FluxError): Leadership => ({ state: 'unknown', trouble });

/** Lasts as long as this daemon may write; undefined while it may not. */
export function termOf(leadership: Leadership): AbortSignal | undefined {
  return leadership.state === 'leading' && !leadership.term.aborted ? leadership.term : undefined;
}

/** Why this daemon accepts no changes now; undefined when it does. Until the election has a result, it accepts them. */
export function refusalOf(leadership: Leadership): FluxError | undefined {
  switch (leadership.state) {
    case 'following':
      return leadsElsewhere(leadership.leader);
    case 'unknown':
      return notKnown(leadership.trouble);
    default:
      return undefined;
  }
}

/** @throws FluxError `lease/elsewhere`, or `lease/unknown` with why the lease cannot be had. */
export function requireLeadership(leadership: Leadership): void {
  const refusal = refusalOf(leadership);
  if (refusal) throw refusal;
}

/** The server's fault, for seconds only: the request is right. */
function notKnown(cause: FluxError): FluxError {
  return new FluxError(`this daemon may not write now: ${cause.message}`, {
    code: 'lease/unknown',
    ...(cause.help === undefined ? {} : { help: cause.help }),
    cause,
  });
}

/** The refusal of a daemon that follows. */
export function leadsElsewhere(leader: string): FluxError {
  return new FluxError(`this daemon is on standby: ${leader} leads, and accepts changes`, {
    code: 'lease/elsewhere',
    expected: true,
    help: `Several daemons run for this repository, and one of them writes. Use that one:\n\n    kubectl port-forward pod/${leader} 3030:3030\n    fluxctl --url http://127.0.0.1:3030/api/flux …\n`,
  });
}
