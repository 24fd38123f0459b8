import { type HttpResponse, messageOf, Secret } from '../../base/index.ts';
import { AWS_HELP, awsMetadata, isMetadataDisabled, wordLike } from './aws-metadata.ts';
import { type CloudRequester, recordIn } from './cloud-request.ts';
import { noCredential } from './no-credential.ts';
import type { Grant } from './renewal.ts';

/** What signs requests to AWS. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

export interface AwsOptions {
  /** With the variables of the AWS libraries, which EKS sets in pods. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
  readonly ask: CloudRequester;
}

/** Keys in the environment do not expire; they change with a restart. */
const STATIC_LIFE_MS = 3_600_000;
/** Hosts of the agents that give a pod or task its keys, which speak no TLS. */
const AGENTS: readonly string[] = ['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]', 'localhost', '127.0.0.1', '[::1]'];

/**
 * The identity of fluxd, from the first source that is set up, in the order of the AWS libraries: keys in the environment, a role for the
 * service account (IRSA), the agent of EKS pod identity or ECS, the role of the machine. Profiles in files are not read.
 */
export async function awsKeys(options: AwsOptions): Promise<Grant<AwsKeys>> {
  const { environment, readFile, ask } = options;
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  const { AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE } = environment;
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI } = environment;
  if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY)
    return { value: keysOf(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), lifeMs: STATIC_LIFE_MS };
  if (AWS_ROLE_ARN && AWS_WEB_IDENTITY_TOKEN_FILE) return keysOfRole(options, AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE);
  if (AWS_CONTAINER_CREDENTIALS_FULL_URI) return keysOfAgent(options, AWS_CONTAINER_CREDENTIALS_FULL_URI);
  if (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)
    return keysOfAgent(options, `http://169.254.170.2${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}`);
  return keysOfMachine({ environment, readFile, ask });
}

/** The domain of a region's services. */
export function awsDomain(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
}

/** The region that the environment names. */
export function awsRegionIn({ AWS_REGION, AWS_DEFAULT_REGION }: AwsOptions['environment']): string | undefined {
  return AWS_REGION || AWS_DEFAULT_REGION || undefined;
}

/** The token of the service account becomes keys of the role. The request is not signed: the token is the proof. */
async function keysOfRole({ environment, readFile, ask }: AwsOptions, role: string, tokenFile: string) {
  const token = new Secret((await read(readFile, 'AWS_WEB_IDENTITY_TOKEN_FILE', tokenFile)).trim());
  const region = awsRegionIn(environment);
  const service = region === undefined ? 'https://sts.amazonaws.com/' : `https://sts.${region}.${awsDomain(region)}/`;
  return ask({
    method: 'POST',
    url: new URL(environment.AWS_ENDPOINT_URL_STS || service),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: role,
      RoleSessionName: environment.AWS_ROLE_SESSION_NAME || 'fluxd',
      WebIdentityToken: token.reveal(),
    }).toString(),
    reach: 'private',
    secrets: [token],
    read: ({ body }) => {
      const text = body.toString('utf8');
      const field = (name: string) => new RegExp(`<${name}>([^<>&]{1,8192})</${name}>`).exec(text)?.[1];
      return grantOf(field('AccessKeyId'), field('SecretAccessKey'), field('SessionToken'), field('Expiration'));
    },
    help: AWS_HELP,
  });
}

async function keysOfAgent({ environment, readFile, ask }: AwsOptions, uri: string) {
  const url = URL.parse(uri);
  if (!url || (url.protocol !== 'https:' && !(url.protocol === 'http:' && AGENTS.includes(url.hostname))))
    throw noCredential(
      'AWS_CONTAINER_CREDENTIALS_FULL_URI is neither an https URL nor that of an agent on the machine',
      AWS_HELP,
    );
  const file = environment.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file
    ? (await read(readFile, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', file)).trim()
    : environment.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  return ask({
    url,
    ...(token ? { headers: { authorization: token }, secrets: [new Secret(token)] } : {}),
    read: keysIn,
    help: AWS_HELP,
  });
}

async function keysOfMachine({ environment, ask }: AwsOptions) {
  if (isMetadataDisabled(environment))
    throw noCredential('no identity of AWS is set up, and AWS_EC2_METADATA_DISABLED=true', AWS_HELP);
  const metadata = awsMetadata(environment, ask);
  const folder = 'iam/security-credentials/';
  const role = await metadata.read(folder, wordLike(/^[\w+=,.@-]{1,128}$/m));
  return metadata.read(folder + role, keysIn);
}

function keysIn(response: Pick<HttpResponse, 'body'>): Grant<AwsKeys> | undefined {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = recordIn(response) ?? {};
  return grantOf(AccessKeyId, SecretAccessKey, Token, Expiration);
}

function grantOf(id: unknown, secret: unknown, session: unknown, expiration: unknown): Grant<AwsKeys> | undefined {
  if (typeof id !== 'string' || typeof secret !== 'string' || typeof session !== 'string' || typeof expiration !== 'string')
    return undefined;
  const expiresAt = Date.parse(expiration);
  return Number.isNaN(expiresAt) ? undefined : { value: keysOf(id, secret, session), expiresAt };
}

function keysOf(accessKeyId: string, secret: string, session?: string): AwsKeys {
  return { accessKeyId, secretAccessKey: new Secret(secret), ...(session ? { sessionToken: new Secret(session) } : {}) };
}

async function read(readFile: AwsOptions['readFile'], variable: string, path: string): Promise<string> {
  try {
    return await readFile(path);
  } catch (error) {
    throw noCredential(`${variable}: ${messageOf(error)}`, AWS_HELP, error);
  }
}
