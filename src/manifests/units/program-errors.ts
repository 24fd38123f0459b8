import { FluxError, redact } from '../../base/index.ts';
import type { BuildOutcome, ProcessFailure } from '../../repository/index.ts';

/** A program that renders units, in the words of its errors. */
export interface ProgramWords {
  /** The first part of the codes of its errors. */
  readonly code: 'kustomize' | 'helm';
  readonly name: string;
  readonly command: string;
  /** How a person sees what an error does not show. */
  readonly seeAll: string;
  /** What to do about an output that is too long. */
  readonly shorten: string;
  /** What it says of a unit without objects. */
  readonly empty: string;
}

/** So much of the end of what a program printed is shown, in characters. */
const MAX_OUTPUT = 1500;

/** A program prints none of these unless something is wrong with it, so the rest is not trusted, and it is tried again. */
const UNREADABLE = new Set(['yaml/bad-syntax', 'manifests/binary-file', 'manifests/bad-encoding']);

/** Whether an error in an output means that nothing of it can be trusted. */
export function isUnreadable({ code }: FluxError): boolean {
  return UNREADABLE.has(code);
}

/** Words for a unit that is made of decrypted files or values of Secrets: of its output nothing is shown. */
export function quietWords(words: ProgramWords): ProgramWords {
  return {
    ...words,
    seeAll: `It is made of encrypted files, or values of Secrets, so nothing is shown of what ${words.name} prints. Run \`${words.command}\` with them in a clone of the repository.`,
  };
}

/** The end of a standard error, where all of it may be shown. */
export function verbatimTail(stderr: string): string {
  return redact(stderr).trimEnd().slice(-MAX_OUTPUT).toWellFormed();
}

/** The error of a program that failed: `<code>/failed`, `<code>/timed-out` or `<code>/too-much-output`. `said` is what may be shown. */
export function programFailed(
  words: ProgramWords,
  { failure }: Extract<BuildOutcome, { readonly kind: 'failed' }>,
  said: string,
): FluxError {
  if (failure.kind === 'limit' && failure.limit === 'output') return tooMuch(words, failure.bound);
  const isTimeout = failure.kind === 'limit' && failure.limit === 'time';
  return new FluxError(`${words.command} failed: ${inWords(failure)}${said === '' ? '' : `\nerror output:\n${said}`}`, {
    code: `${words.code}/${isTimeout ? 'timed-out' : 'failed'}`,
    fault: 'user',
    help: `${isTimeout ? 'Raise --sync-timeout, half of which it has.' : words.seeAll} It is tried again. What it renders stays as it is in the cluster, and nothing is deleted.`,
  });
}

function inWords(failure: ProcessFailure): string {
  switch (failure.kind) {
    case 'exit':
      return `exit status ${failure.status}`;
    case 'signal':
      return `signal ${failure.signal}`;
    case 'limit':
      return `it exceeded the limit of ${failure.limit}, ${failure.bound}`;
  }
}

function tooMuch({ code, name, shorten }: ProgramWords, bound: string): FluxError {
  return new FluxError(`${name} printed more than ${bound}`, {
    code: `${code}/too-much-output`,
    fault: 'user',
    help: `Output above that is not read. ${shorten}`,
  });
}

export function emptyOutput({ code, empty }: ProgramWords): FluxError {
  return new FluxError(empty, {
    code: `${code}/empty-output`,
    fault: 'user',
    help: 'What the unit renders stays as it is in the cluster, and nothing is deleted. To remove its objects, remove its folder from Git, or let it have one object.',
  });
}

export function unreadableOutput({ code, name }: ProgramWords, cause: FluxError): FluxError {
  return new FluxError(`${name} printed what is no object: ${cause.message}`, {
    code: `${code}/bad-output`,
    cause,
    help: 'It is tried again. What the unit renders stays as it is in the cluster, and nothing is deleted.',
  });
}
