import { FluxError } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';

/** The version of the API server, as `v1.34.4`. @throws FluxError `cluster/bad-answer`, and those of the transport. */
export async function serverVersion(transport: Pick<Transport, 'request'>, signal?: AbortSignal): Promise<string> {
  const { body } = await transport.request({ path: '/version', signal });
  if (isFields(body) && typeof body.gitVersion === 'string') return body.gitVersion;
  throw new FluxError('the API server does not state its version', { code: 'cluster/bad-answer' });
}
