import type { Clock, HttpResponse } from '../../base/index.ts';
import { type AwsKeys, type AwsOptions, awsDomain, awsKeys } from './aws-identity.ts';
import { AWS_HELP } from './aws-metadata.ts';
import { signedHeaders } from './aws-signature.ts';
import { recordIn } from './cloud-request.ts';
import { createCredential } from './credential.ts';
import { ECR_PUBLIC, parseEcrHost } from './ecr-host.ts';
import type { CredentialProvider } from './provider.ts';
import { createRenewal, type Grant } from './renewal.ts';

/** The API that grants tokens for a registry. */
interface EcrApi {
  readonly url: URL;
  readonly service: 'ecr' | 'ecr-public';
  readonly region: string;
}

interface UserAndPassword {
  readonly username: string;
  readonly password: string;
}

const TARGETS = {
  ecr: 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
  'ecr-public': 'SpencerFrontendService.GetAuthorizationToken',
} as const;
/** There is one API for all public images. */
const PUBLIC_REGION = 'us-east-1';

export interface EcrOptions extends AwsOptions {
  readonly clock: Clock;
}

/**
 * Amazon ECR: tokens that the API of the registry's region grants to the identity of fluxd, valid for twelve hours. One token is for
 * every account whose registry admits that identity.
 */
export function ecrTokens({ clock, ...options }: EcrOptions): CredentialProvider {
  const identity = createRenewal<AwsKeys>(clock);
  const tokens = createRenewal<UserAndPassword>(clock);

  const grant = async ({ url, service, region }: EcrApi): Promise<Grant<UserAndPassword> | undefined> => {
    const keys = await identity.current('AWS', () => awsKeys(options));
    if (!keys) return undefined;
    const request = {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': TARGETS[service] },
      body: '{}',
    };
    return options.ask({
      ...request,
      headers: signedHeaders(request, { region, service, now: clock.now() }, keys),
      reach: 'private',
      secrets: [keys.secretAccessKey, ...(keys.sessionToken ? [keys.sessionToken] : [])],
      read: tokenIn,
      help: AWS_HELP,
    });
  };

  return {
    name: 'ECR',
    serves: (host) => apiOf(host, options.environment) !== undefined,
    async credential(host, cancel) {
      const api = apiOf(host, options.environment);
      const token = api && (await tokens.current(keyOf(api), () => grant(api), cancel));
      return token && createCredential(host, token.username, token.password, 'ECR');
    },
    refused({ host, id }) {
      const api = apiOf(host, options.environment);
      const isThis = ({ username, password }: UserAndPassword) => createCredential(host, username, password, 'ECR').id === id;
      if (api) tokens.refused(keyOf(api), isThis);
    },
  };
}

const keyOf = ({ url, region }: EcrApi) => `${url.href} ${region}`;

function apiOf(host: string, environment: AwsOptions['environment']): EcrApi | undefined {
  if (host === ECR_PUBLIC) {
    const url = environment.AWS_ENDPOINT_URL_ECR_PUBLIC || `https://api.ecr-public.${PUBLIC_REGION}.amazonaws.com/`;
    return { url: new URL(url), service: 'ecr-public', region: PUBLIC_REGION };
  }
  const found = parseEcrHost(host);
  if (!found) return undefined;
  const { region, fips } = found;
  const url = environment.AWS_ENDPOINT_URL_ECR || `https://${fips ? 'ecr-fips' : 'api.ecr'}.${region}.${awsDomain(region)}/`;
  return { url: new URL(url), service: 'ecr', region };
}

/** ECR answers with a list of one, its public API with the object itself. */
function tokenIn(response: HttpResponse): Grant<UserAndPassword> | undefined {
  const { authorizationData: data } = recordIn(response) ?? {};
  const first: unknown = Array.isArray(data) ? data[0] : data;
  const { authorizationToken, expiresAt } = (first ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof authorizationToken !== 'string' || typeof expiresAt !== 'number') return undefined;
  const [, username, password] = /^([^:]+):(.+)$/s.exec(Buffer.from(authorizationToken, 'base64').toString('utf8')) ?? [];
  if (username === undefined || password === undefined) return undefined;
  return { value: { username, password }, expiresAt: expiresAt * 1000 };
}
