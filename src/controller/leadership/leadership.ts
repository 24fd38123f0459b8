import { FluxError } from '../../base/index.ts';

/** Whether this daemon is the one that writes for its source, as far as it is known. Changes are asked of that one. */
export class Standing {
  #term: AbortSignal | undefined;
  #leader: string | undefined;
  #trouble: FluxError | undefined;

  /** Lasts for as long as this daemon may write; undefined while it may not. */
  get term(): AbortSignal | undefined {
    return this.#term?.aborted ? undefined : this.#term;
  }

  /** Who may write instead, when that is known. */
  get leader(): string | undefined {
    return this.#leader;
  }

  /** Why nobody knows who may write; undefined also before anybody could know. */
  get trouble(): FluxError | undefined {
    return this.#trouble;
  }

  lead(term: AbortSignal): void {
    this.#term = term;
    this.#leader = undefined;
    this.#trouble = undefined;
  }

  follow(leader: string): void {
    this.#leader = leader;
    this.#trouble = undefined;
  }

  cutOff(trouble: FluxError): void {
    this.#leader = undefined;
    this.#trouble = trouble;
  }

  /** Why nothing can be changed through this daemon now; undefined when it can, or will soon. */
  refusal(): FluxError | undefined {
    if (this.#leader !== undefined) return notHere(this.#leader);
    return this.term || !this.#trouble ? undefined : notKnown(this.#trouble);
  }

  /** @throws FluxError `lease/elsewhere`, or `lease/unknown` with why the lease cannot be had. */
  requireTerm(): void {
    const refusal = this.refusal();
    if (refusal) throw refusal;
  }
}

/** Whatever the reason: it is a matter of seconds, and of this daemon, not of what was asked. */
function notKnown(cause: FluxError): FluxError {
  return new FluxError(`this daemon may not write now: ${cause.message}`, {
    code: 'lease/unknown',
    ...(cause.help === undefined ? {} : { help: cause.help }),
    cause,
  });
}

function notHere(leader: string): FluxError {
  return new FluxError(`this daemon waits: ${leader} leads, and takes changes`, {
    code: 'lease/elsewhere',
    expected: true,
    help: `Several daemons run for this repository, and one of them writes. Ask that one:\n\n    kubectl port-forward pod/${leader} 3030:3030\n    fluxctl --url http://127.0.0.1:3030/api/flux …\n`,
  });
}
