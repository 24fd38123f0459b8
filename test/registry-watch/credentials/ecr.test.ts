import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/base/index.ts';
import { signedHeaders } from '../../../src/registry-watch/credentials/aws-signature.ts';
import { ecrTokens } from '../../../src/registry-watch/credentials/ecr.ts';
import { parseEcrHost } from '../../../src/registry-watch/credentials/ecr-host.ts';
import { checkRequired } from '../../../src/registry-watch/require.ts';
import { sampled } from '../../support/sampled.ts';
import { type Answer, type Asked, cloudClient, LOSSES, startCloud } from './cloud-server.ts';
import { signedFor } from './verify-signature.ts';

const HOST = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const API = 'api.ecr.eu-west-1.amazonaws.com';
const START_S = Date.UTC(2024, 5, 1) / 1000;
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

type Service = (asked: Asked, now: number) => Answer;
type Environment = Readonly<Record<string, string | undefined>>;

const until = (afterS: number) => new Date((START_S + afterS) * 1000).toISOString().replace('.000Z', 'Z');
const keys = (token: string) => ({ AccessKeyId: 'ASIA1', SecretAccessKey: SECRET, Token: token, Expiration: until(6 * 3600) });

/** All services of AWS that a pod may need, each of which verifies what it gets. */
function aws(asked: Asked, now: number): Answer {
  const { method, url, headers, body } = asked;
  const place = `${method} ${headers.host} ${url.pathname}`;
  switch (place) {
    case 'POST sts.eu-west-1.amazonaws.com /': {
      const fields = Object.fromEntries(new URLSearchParams(body));
      if (fields.WebIdentityToken !== 'token-of-the-pod')
        return {
          status: 400,
          body: `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>bad ${fields.WebIdentityToken}</Message></Error></ErrorResponse>`,
        };
      expect(fields).toMatchObject({ Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleSessionName: 'fluxd' });
      expect(fields.RoleArn).toBe('arn:aws:iam::123456789012:role/flux');
      return {
        body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><SessionToken>of-role</SessionToken><SecretAccessKey>${SECRET}</SecretAccessKey><Expiration>${until(3600)}</Expiration><AccessKeyId>ASIA1</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
      };
    }
    case 'GET 169.254.170.23 /v1/credentials':
      return headers.authorization === 'token-of-the-pod' ? { body: keys('of-pod') } : { status: 401 };
    case 'GET 169.254.170.2 /task':
      return { body: keys('of-task') };
    case 'PUT 169.254.169.254 /latest/api/token':
      return headers['x-aws-ec2-metadata-token-ttl-seconds'] === '60' ? { body: 'imds-t0ken' } : { status: 400 };
    case 'GET 169.254.169.254 /latest/meta-data/placement/region':
    case 'GET 169.254.169.254 /latest/meta-data/iam/security-credentials/':
    case 'GET 169.254.169.254 /latest/meta-data/iam/security-credentials/node-role':
      if (headers['x-aws-ec2-metadata-token'] !== 'imds-t0ken') return { status: 401 };
      if (url.pathname.endsWith('/region')) return { body: 'eu-west-1' };
      return { body: url.pathname.endsWith('/') ? 'node-role' : { Code: 'Success', ...keys('of-machine') } };
    default:
      return registryApi(asked, now);
  }
}

function registryApi(asked: Asked, now: number): Answer {
  const { headers, body } = asked;
  const token = headers['x-amz-security-token'];
  const signed = signedFor(asked, { secret: SECRET, now, ...(typeof token === 'string' ? { token } : {}) });
  if (signed === undefined || headers['content-type'] !== 'application/x-amz-json-1.1' || body !== '{}')
    return { status: 403, body: { __type: 'InvalidSignatureException', message: 'The request signature does not match' } };
  const [, , region, service] = signed.split('/');
  const authorizationToken = Buffer.from(`AWS:${service} ${region} ${token ?? 'static'}`).toString('base64');
  const granted = { authorizationToken, expiresAt: START_S + 12 * 3600 + 0.5 };
  const target = headers['x-amz-target'];
  if (service === 'ecr' && target === 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken')
    return { body: { authorizationData: [{ ...granted, proxyEndpoint: `https://${HOST}` }] } };
  if (service === 'ecr-public' && target === 'SpencerFrontendService.GetAuthorizationToken')
    return { body: { authorizationData: granted } };
  return { status: 400, body: { __type: 'UnknownOperationException' } };
}

const HOSTS = [
  API,
  'ecr-fips.us-east-1.amazonaws.com',
  'api.ecr.cn-north-1.amazonaws.com.cn',
  'api.ecr-public.us-east-1.amazonaws.com',
  'sts.eu-west-1.amazonaws.com',
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
];

async function setup(environment: Environment, answer: Service = aws) {
  const cloud = await startCloud((asked) => answer(asked, clock.now()));
  const { clock, http, ask } = cloudClient({ onto: Object.fromEntries(HOSTS.map((host) => [host, cloud.host])) });
  const readFile = async (path: string) => {
    if (path !== '/token') throw new Error(`ENOENT: no such file, open '${path}'`);
    return 'token-of-the-pod\n';
  };
  const provider = ecrTokens({ environment, readFile, ask, clock });
  const password = async (host = HOST) => (await provider.credential(host))?.password.reveal();
  return { cloud, clock, http, readFile, provider, password };
}

const KEYS: Environment = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: SECRET };
const ROLE: Environment = {
  AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/flux',
  AWS_WEB_IDENTITY_TOKEN_FILE: '/token',
  AWS_REGION: 'eu-west-1',
};
const AGENT: Environment = {
  AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials',
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/token',
};
const TASK: Environment = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/task' };

/** Each identity, the session of its token, and the requests from nothing to a token. */
const IDENTITIES: readonly (readonly [name: string, environment: Environment, session: string, requests: number])[] = [
  ['keys in the environment', KEYS, 'static', 1],
  ['keys of a session', { ...KEYS, AWS_SESSION_TOKEN: 'of-session' }, 'of-session', 1],
  ['a role for the service account', ROLE, 'of-role', 2],
  ['pod identity', AGENT, 'of-pod', 2],
  ['a task', TASK, 'of-task', 2],
  ['the role of the machine', {}, 'of-machine', 5],
];

describe.each(IDENTITIES)('with %s', (_name, environment, session, requests) => {
  test('a signed request gets a token', async () => {
    const { password, cloud } = await setup(environment);
    expect(await password()).toBe(`ecr eu-west-1 ${session}`);
    expect(cloud.requests).toHaveLength(requests);
  });

  test.for(sampled('ways to lose a request', LOSSES, 1))('no request is needed twice: one that %s', async ([, fault]) => {
    for (let n = 1; n <= requests; n += 1) {
      const { password, cloud } = await setup(environment);
      cloud.lose(n, fault);
      expect(await password()).toBe(`ecr eu-west-1 ${session}`);
    }
  });
});

test.each([
  ['GET', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['POST', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
])('a signature is that of the test suite of AWS: vanilla %s', (method, signature) => {
  const { authorization } = signedHeaders(
    { method, url: new URL('https://example.amazonaws.com/'), headers: {}, body: '' },
    { region: 'us-east-1', service: 'service', now: Date.UTC(2015, 7, 30, 12, 36) },
    { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY') },
  );
  expect(authorization).toBe(
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  );
});

test('several at once: the order of the AWS libraries decides', async () => {
  const { password } = await setup({ ...TASK, ...AGENT, ...ROLE });
  expect(await password()).toBe('ecr eu-west-1 of-role');
  expect(await (await setup({ ...TASK, ...AGENT })).password()).toBe('ecr eu-west-1 of-pod');
});

test.each<[string, string | undefined]>([
  [HOST, 'ecr eu-west-1 static'],
  ['123456789012.dkr.ecr-fips.us-east-1.amazonaws.com', 'ecr us-east-1 static'],
  ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'ecr cn-north-1 static'],
  ['123456789012.dkr-ecr.eu-west-1.on.aws', 'ecr eu-west-1 static'],
  ['public.ecr.aws', 'ecr-public us-east-1 static'],
])('the token for %s comes from its own API', async (host, expected) => {
  const { password, provider } = await setup(KEYS);
  expect(provider.serves(host)).toBe(true);
  expect(await password(host)).toBe(expected);
});

test.each([
  `${HOST}.evil.com`,
  'evil.com',
  '12345.dkr.ecr.eu-west-1.amazonaws.com',
  'x.123456789012.dkr.ecr.eu-west-1.amazonaws.com',
  '123456789012.dkr.ecr.evil.com.amazonaws.com',
  '123456789012.s3.ecr.eu-west-1.amazonaws.com',
  '123456789012.dkr.ecr.eu-west-1.amazonaws.com:8443',
  '123456789012.dkr.ecr.eu-west-1.amazonaws.org',
  'xpublic.ecr.aws',
  'public.ecr.aws.evil.com',
])('%s gets none (S-057)', async (host) => {
  expect(parseEcrHost(host)).toBeUndefined();
  const { provider, cloud } = await setup(KEYS);
  expect(provider.serves(host)).toBe(false);
  expect(await provider.credential(host)).toBeUndefined();
  expect(cloud.requests).toEqual([]);
});

test('one token is for all accounts of a region, and is renewed before it expires, as the keys are', async () => {
  const { password, clock, cloud } = await setup(ROLE);
  await Promise.all([password(), password('999999999999.dkr.ecr.eu-west-1.amazonaws.com')]);
  expect(cloud.requests).toHaveLength(2);
  clock.advance(12 * 3_600_000 - 310_000);
  await password();
  expect(cloud.requests).toHaveLength(2);
  clock.advance(20_000);
  await password();
  expect(cloud.requests.map(({ headers }) => headers.host)).toEqual(
    [ROLE, API, ROLE, API].map((host) => (host === ROLE ? 'sts.eu-west-1.amazonaws.com' : API)),
  );
});

describe('a failure is named, without what was sent', () => {
  test.each<[string, Environment, Service | undefined, string]>([
    [
      'a token file that is missing',
      { ...ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: '/none' },
      undefined,
      'AWS_WEB_IDENTITY_TOKEN_FILE: ENOENT',
    ],
    [
      'an agent elsewhere',
      { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://evil.com/' },
      undefined,
      'AWS_CONTAINER_CREDENTIALS_FULL_URI is neither',
    ],
    [
      'a switched-off metadata service',
      { AWS_EC2_METADATA_DISABLED: 'true' },
      undefined,
      'no identity of AWS is set up, and AWS_EC2_METADATA_DISABLED=true',
    ],
    [
      'a machine without a role',
      {},
      (asked, now) => (asked.url.pathname.includes('security-credentials') ? { status: 404 } : aws(asked, now)),
      'GET http://169.254.169.254/latest/meta-data/iam/security-credentials/: status 404',
    ],
    [
      'a role that does not trust the pod',
      ROLE,
      (asked, now) => aws({ ...asked, body: asked.body.replace('WebIdentityToken=token', 'WebIdentityToken=x-token') }, now),
      'POST https://sts.eu-west-1.amazonaws.com/: status 400, InvalidIdentityToken: bad x-***',
    ],
    [
      'an identity without the right',
      KEYS,
      () => ({ status: 400, body: { __type: 'AccessDeniedException', Message: `User: x is not authorized (${SECRET})` } }),
      `POST https://${API}/: status 400, AccessDeniedException: User: x is not authorized (***)`,
    ],
    ['a wrong secret', { ...KEYS, AWS_SECRET_ACCESS_KEY: 'another-secret' }, undefined, 'InvalidSignatureException'],
    ['an answer without a token', KEYS, () => ({ body: { authorizationData: [] } }), 'not the expected answer'],
  ])('%s', async (_name, environment, answer, message) => {
    const { password } = await setup(environment, answer);
    await expect(password()).rejects.toMatchObject({
      code: 'registry/no-credential',
      message: expect.stringContaining(message),
      help: expect.stringContaining('ecr:GetAuthorizationToken'),
    });
  });

  test('and too many requests are not one: they are repeated', async () => {
    let count = 0;
    const { password } = await setup(KEYS, (asked, now) => {
      count += 1;
      return count === 1 ? { status: 400, body: { __type: 'ThrottlingException' } } : aws(asked, now);
    });
    expect(await password()).toBe('ecr eu-west-1 static');
  });
});

describe('--registry-require=ecr', () => {
  const check = async (environment: Environment, ecrRegions?: readonly string[], answer?: Service) => {
    const { clock, http, readFile, cloud } = await setup(environment, answer);
    await checkRequired(['ecr'], { clock, http, readFile, environment, ...(ecrRegions ? { ecrRegions } : {}) });
    return cloud.requests.map(({ headers }) => headers.host);
  };
  test('asks for a token in the first region, or that of the machine', async () => {
    expect(await check(KEYS, ['cn-north-1', 'us-east-1'])).toEqual(['api.ecr.cn-north-1.amazonaws.com.cn']);
    expect(await check(KEYS)).toEqual(['169.254.169.254', '169.254.169.254', API]);
    expect(await check(ROLE)).toEqual(['sts.eu-west-1.amazonaws.com', API]);
  });
  test('asks for nothing where nothing is required', async () => {
    const { clock, http, readFile, cloud } = await setup(KEYS);
    await checkRequired([], { clock, http, readFile, environment: KEYS });
    expect(cloud.requests).toEqual([]);
  });
  test.each<[string, Environment, readonly string[] | undefined, Service | undefined, string]>([
    ['without an identity', { AWS_EC2_METADATA_DISABLED: 'true' }, ['eu-west-1'], undefined, 'no identity of AWS is set up'],
    ['outside AWS', {}, undefined, () => ({ status: 404 }), 'PUT http://169.254.169.254/latest/api/token: status 404'],
    ['in no region', KEYS, ['nowhere'], undefined, '"nowhere" is not a region'],
    [
      'without the right',
      KEYS,
      ['eu-west-1'],
      () => ({ status: 400, body: { __type: 'AccessDeniedException' } }),
      'AccessDeniedException',
    ],
  ])('fails %s', async (_name, environment, regions, answer, message) => {
    await expect(check(environment, regions, answer)).rejects.toMatchObject({
      code: 'registry/required-unavailable',
      message: expect.stringContaining('AWS API required (due to --registry-require=ecr), but not available: '),
      cause: expect.objectContaining({ message: expect.stringContaining(message) }),
    });
  });
});
