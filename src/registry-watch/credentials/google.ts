import type { HttpResponse } from '../../base/index.ts';
import { type CloudRequester, recordIn } from './cloud-request.ts';
import { createCredential } from './credential.ts';
import type { GrantingService } from './provider.ts';

/** Container Registry and Artifact Registry. */
const HOST = /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/;

const HELP =
  'Outside Google Cloud, private images need an imagePullSecret or --docker-config. In Google Cloud, let the pod reach the metadata service (registry.metadata=google in the chart), and give its service account the role Artifact Registry Reader.';

export interface GoogleOptions {
  /** Its GCE_METADATA_HOST replaces the host of the metadata service, as in Google's own libraries. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly ask: CloudRequester;
}

/** Access tokens of the service account of the machine or, with workload identity, of the pod, from Google's metadata service. */
export function googleTokens({ environment, ask }: GoogleOptions): GrantingService {
  const metadata = environment.GCE_METADATA_HOST || 'metadata.google.internal';
  return {
    name: 'Google',
    serves: (host) => HOST.test(host),
    async request(host) {
      const { token, lifeMs } = await ask({
        url: new URL(`http://${metadata}/computeMetadata/v1/instance/service-accounts/default/token`),
        headers: { 'metadata-flavor': 'Google' },
        read: tokenIn,
        help: HELP,
      });
      return { value: createCredential(host, 'oauth2accesstoken', token, 'Google metadata service'), lifeMs };
    },
  };
}

/** Another server at the address does not answer with this header. */
function tokenIn(response: HttpResponse): { readonly token: string; readonly lifeMs: number } | undefined {
  const { access_token: token, expires_in: lifeS } = recordIn(response) ?? {};
  const isAnswer =
    response.headers['metadata-flavor'] === 'Google' &&
    typeof token === 'string' &&
    token !== '' &&
    typeof lifeS === 'number' &&
    lifeS > 0;
  return isAnswer ? { token, lifeMs: lifeS * 1000 } : undefined;
}
