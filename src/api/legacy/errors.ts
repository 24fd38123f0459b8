import { FluxError, goJson } from '../../base/index.ts';
import { negotiate } from '../negotiate.ts';
import type { Reply } from '../route.ts';
import { statusOf } from '../status.ts';
import type { ErrorWire } from '../wire/index.ts';

/**
 * An error response as in Flux v1: an object if the client accepts JSON, the help for plain text, else the message alone. fluxctl,
 * including Go's, prints only the help, which therefore begins with the message.
 */
export function legacyError(error: FluxError, accept: string | undefined): Reply {
  const status = statusOf(error);
  const help = helpOf(error);
  if (negotiate(accept, ['application/json', 'text/plain']) === 'application/json') {
    const body: ErrorWire = { type: error.fault, help, ...(error.message === '' ? {} : { error: error.message }) };
    return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: goJson(body) };
  }
  const wantsHelp = negotiate(accept, ['text/plain']) === 'text/plain';
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: wantsHelp ? help : error.message };
}

/** @param path without the prefix /api/flux */
export function unknownEndpoint(path: string): FluxError {
  return new FluxError('API endpoint not found', {
    code: 'api/not-found',
    fault: 'missing',
    help: `The daemon does not serve this path. The client may be newer than the daemon, or belong to another product. The path was\n\n    ${path}`,
  });
}

export function deprecatedEndpoint(path: string): FluxError {
  return new FluxError('API endpoint deprecated', {
    code: 'api/deprecated',
    fault: 'missing',
    help: `This version of the API is no longer served. Use a newer fluxctl; the path was\n\n    ${path}`,
  });
}

function helpOf({ message, help, code }: FluxError): string {
  if (help === undefined) return generalHelp(message);
  // In Flux v1, the help for an unknown path ends with the path, and clients rely on that.
  return code === 'api/not-found' || code === 'api/deprecated' ? help : `${message}\n\n${help.trimEnd()}\n`;
}

function generalHelp(message: string): string {
  return `Error: ${message}

We don't have a specific help message for the error above.

If it is not clear what to do, please open an issue that says what you
were doing, and quotes the message at the top.
`;
}
