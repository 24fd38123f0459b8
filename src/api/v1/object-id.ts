import { FluxError } from '../../base/index.ts';
import { isResourceId, type ResourceId } from '../../resource/index.ts';
import { badRequest } from '../status.ts';
import { textParameter } from './parameter.ts';

/** The object that a query is about. @throws FluxError `api/bad-request`. */
export function objectIdOf(query: URLSearchParams): ResourceId {
  const id = textParameter(query, 'id');
  if (id !== undefined && isResourceId(id)) return id;
  throw badRequest('the query does not name an object', { help: 'Give its id: ?id=shop:deployment/cart.' });
}

export function notInGit(id: ResourceId): FluxError {
  return new FluxError(`${id} is not in the repository`, {
    code: 'live/not-in-git',
    fault: 'missing',
    help: 'Only objects of the repository are shown. fluxctl why says what is known of others.',
  });
}
