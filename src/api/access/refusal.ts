import { FluxError } from '../../base/index.ts';

export function forbidden(message: string, help: string): FluxError {
  return new FluxError(message, { code: 'api/forbidden', fault: 'user', help });
}

export function tooManyRequests(message: string): FluxError {
  return new FluxError(message, { code: 'api/too-many-requests', fault: 'user', help: 'Retry in a few seconds.' });
}

export function foreignPage(): FluxError {
  return forbidden('the request comes from a web page of another site', 'Web pages of other sites may not call the daemon.');
}
