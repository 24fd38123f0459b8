import { describe, expect, test } from 'vitest';
import { azureTokens } from '../../../src/registry-watch/credentials/azure.ts';
import { azureIdentity, parseAzureConfig } from '../../../src/registry-watch/credentials/azure-identity.ts';
import { renewed } from '../../../src/registry-watch/credentials/provider.ts';
import { sampled } from '../../support/sampled.ts';
import { type Answer, type Asked, cloudClient, LOSSES, startCloud } from './cloud-server.ts';

const CONFIG = '/etc/kubernetes/azure.json';
const TOKEN_FILE = '/var/run/secrets/azure/tokens/azure-identity-token';
const WORKLOAD = {
  AZURE_CLIENT_ID: 'client',
  AZURE_TENANT_ID: 'tenant',
  AZURE_FEDERATED_TOKEN_FILE: TOKEN_FILE,
  AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/',
};
const REGISTRY = 'shop.azurecr.io';
const NOW_S = Date.UTC(2024, 5, 1) / 1000;

/** A token that says until when it is valid. */
const jwt = (exp: number) =>
  ['{"alg":"none"}', JSON.stringify({ exp }), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');
const REFRESH = jwt(NOW_S + 3 * 3600);

/** Azure's token service, the metadata service of a machine with two identities, and the registry, each of which verifies what it gets. */
function azure({ method, url, headers, body }: Asked): Answer {
  const fields = Object.fromEntries(new URLSearchParams(body));
  const place = `${method} ${headers.host} ${url.pathname}`;
  if (place === 'POST login.microsoftonline.com /tenant/oauth2/v2.0/token') {
    expect(fields).toEqual({
      grant_type: 'client_credentials',
      client_id: 'client',
      scope: 'https://containerregistry.azure.net/.default',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'token-of-the-pod',
    });
    return { body: { token_type: 'Bearer', expires_in: 3599, access_token: 'aad-t0ken' } };
  }
  if (url.pathname === '/metadata/identity/oauth2/token') {
    if (headers.metadata !== 'true') return { status: 400, body: { error: 'bad_request_102' } };
    const { resource, client_id: clientId } = Object.fromEntries(url.searchParams);
    expect([resource, url.searchParams.get('api-version')]).toEqual(['https://containerregistry.azure.net', '2018-02-01']);
    if (clientId !== 'kubelet')
      return { status: 400, body: { error: 'invalid_request', error_description: 'Identity not found' } };
    return { body: { access_token: 'aad-t0ken', expires_in: '86399' } };
  }
  if (place === `POST ${REGISTRY} /oauth2/exchange`) {
    if (headers['content-type'] !== 'application/x-www-form-urlencoded') return { status: 415 };
    const isRight = fields.grant_type === 'access_token' && fields.service === REGISTRY && fields.access_token === 'aad-t0ken';
    if (!isRight) return { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: `bad ${fields.access_token}` }] } };
    return { body: { refresh_token: REFRESH } };
  }
  return { status: 404 };
}

type Environment = Readonly<Record<string, string | undefined>>;

async function setup({ environment = {} as Environment, files = {} as Record<string, string | Error>, answer = azure } = {}) {
  const cloud = await startCloud(answer);
  const { clock, ask } = cloudClient({
    onto: { [REGISTRY]: cloud.host, 'login.microsoftonline.com': cloud.host, '169.254.169.254': cloud.host },
  });
  const readFile = async (path: string) => {
    const content = files[path] ?? Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
    if (content instanceof Error) throw content;
    return content;
  };
  const service = azureTokens({ environment, readFile, ask });
  return { cloud, clock, service, provider: renewed(service, clock) };
}

test.each<[string, boolean]>([
  ['shop.azurecr.io', true],
  ['shop-a1.azurecr.cn', true],
  ['shop.azurecr.us', true],
  ['shop.azurecr.de', true],
  ['azurecr.io', false],
  ['a.b.azurecr.io', false],
  ['shop.azurecr.io.evil.com', false],
  ['shop.azurecr.com', false],
  ['evil-azurecr.io', false],
  ['shop.azurecr.io:8443', false],
])('the credential is for %s: %s (S-057)', async (host, expected) => {
  const { service } = await setup();
  expect(service.serves(host)).toBe(expected);
});

describe('fluxd is', () => {
  const principal = '{"aadClientId":"id","aadClientSecret":"s"}';
  const node =
    '{"aadClientId":"msi","aadClientSecret":"msi","useManagedIdentityExtension":true,"userAssignedIdentityID":"kubelet"}';
  test.each<[string, string | undefined, Environment, object]>([
    ['the service principal of the file', principal, {}, { kind: 'service principal', clientId: 'id', clientSecret: 's' }],
    ['the same, even with workload identity', principal, WORKLOAD, { kind: 'service principal' }],
    ['the workload identity of the pod', undefined, WORKLOAD, { kind: 'workload identity', clientId: 'client' }],
    ['the same on a node with a managed identity', node, WORKLOAD, { kind: 'workload identity' }],
    ['the managed identity that the file names', node, {}, { kind: 'managed identity', clientId: 'kubelet' }],
    ['the one that the environment names', node, { AZURE_CLIENT_ID: 'x' }, { kind: 'managed identity', clientId: 'x' }],
    ['the only managed identity', undefined, {}, { kind: 'managed identity', clientId: undefined }],
  ])('%s', (_name, file, environment, expected) => {
    expect(azureIdentity(file === undefined ? undefined : parseAzureConfig(file), environment)).toMatchObject(expected);
  });
});

test('a service principal is user and password, and read again after a minute', async () => {
  const files = { [CONFIG]: '{"aadClientId":"id","aadClientSecret":"first"}' };
  const { provider, clock, cloud } = await setup({ files });
  const password = async () => (await provider.credential(REGISTRY))?.password.reveal();
  expect(await password()).toBe('first');
  files[CONFIG] = '{"aadClientId":"id","aadClientSecret":"second"}';
  expect(await password()).toBe('first');
  clock.advance(60_000);
  expect(await password()).toBe('second');
  expect(cloud.requests).toEqual([]);
});

const IDENTITIES: readonly (readonly [string, Environment])[] = [
  ['workload identity', WORKLOAD],
  ['managed identity', { AZURE_CLIENT_ID: 'kubelet' }],
];
const files = { [TOKEN_FILE]: 'token-of-the-pod\n' };

describe.each(IDENTITIES)('the token of a %s', (kind, environment) => {
  test('is exchanged at the registry, and renewed before the refresh token expires', async () => {
    const { provider, clock, cloud } = await setup({ environment, files });
    const credential = await provider.credential(REGISTRY);
    expect([credential?.username, credential?.password.reveal(), credential?.source]).toEqual([
      '00000000-0000-0000-0000-000000000000',
      REFRESH,
      `Azure ${kind}`,
    ]);
    clock.advance(3 * 3_600_000 - 310_000);
    await provider.credential(REGISTRY);
    expect(cloud.requests).toHaveLength(2);
    clock.advance(20_000);
    await provider.credential(REGISTRY);
    expect(cloud.requests).toHaveLength(4);
  });

  test.for(sampled('ways to lose a request', LOSSES, 2))('does not depend on one request: one that %s', async ([, fault]) => {
    for (const n of [1, 2]) {
      const { provider, cloud } = await setup({ environment, files });
      cloud.lose(n, fault);
      expect((await provider.credential(REGISTRY))?.password.reveal()).toBe(REFRESH);
    }
  });
});

describe('a failure is named, without what was sent', () => {
  test.each<[string, Parameters<typeof setup>[0], string]>([
    [
      'a file that may not be read',
      {
        files: {
          [CONFIG]: Object.assign(new Error("EACCES: permission denied, open '/etc/kubernetes/azure.json'"), { code: 'EACCES' }),
        },
      },
      '/etc/kubernetes/azure.json: EACCES: permission denied',
    ],
    ['a file that is no JSON', { files: { [CONFIG]: 'secret' } }, '/etc/kubernetes/azure.json is not a JSON object'],
    ['no token of the pod', { environment: WORKLOAD }, 'AZURE_FEDERATED_TOKEN_FILE: ENOENT'],
    [
      'an authority without TLS',
      { environment: { ...WORKLOAD, AZURE_AUTHORITY_HOST: 'http://login.example.com' }, files },
      'AZURE_AUTHORITY_HOST is not an https URL',
    ],
    [
      'an unknown client',
      {
        environment: WORKLOAD,
        files,
        answer: () => ({
          status: 401,
          body: { error: 'invalid_client', error_description: 'AADSTS70021: no match for token-of-the-pod' },
        }),
      },
      'POST https://login.microsoftonline.com/tenant/oauth2/v2.0/token: status 401, invalid_client: AADSTS70021: no match for ***',
    ],
    [
      'a machine without an identity',
      {},
      'GET http://169.254.169.254/metadata/identity/oauth2/token: status 400, invalid_request: Identity not found',
    ],
    [
      'a registry that refuses the token',
      {
        environment: { AZURE_CLIENT_ID: 'kubelet' },
        answer: (asked: Asked) => azure({ ...asked, body: asked.body.replace('grant_type=access_token', 'grant_type=x') }),
      },
      'POST https://shop.azurecr.io/oauth2/exchange: status 401, UNAUTHORIZED: bad ***',
    ],
  ])('%s', async (_name, given, message) => {
    const { provider } = await setup(given);
    await expect(provider.credential(REGISTRY)).rejects.toMatchObject({
      code: 'registry/no-credential',
      message: expect.stringContaining(message),
      help: expect.stringContaining('AcrPull'),
    });
  });
});

test.each<[string, string]>([
  ['shop.azurecr.cn', 'https://login.partner.microsoftonline.cn/tenant/oauth2/v2.0/token'],
  ['shop.azurecr.us', 'https://login.microsoftonline.us/tenant/oauth2/v2.0/token'],
  ['shop.azurecr.io', 'https://login.microsoftonline.com/tenant/oauth2/v2.0/token'],
])('for %s, the token of the pod goes to %s unless the environment says otherwise', async (host, url) => {
  const asked: string[] = [];
  const service = azureTokens({
    environment: { ...WORKLOAD, AZURE_AUTHORITY_HOST: undefined },
    readFile: async (path) => {
      if (path === CONFIG) throw Object.assign(new Error('none'), { code: 'ENOENT' });
      return 't';
    },
    ask: async (request) => {
      asked.push(request.url.href);
      throw new Error('stop');
    },
  });
  await expect(service.request(host)).rejects.toThrow('stop');
  expect(asked).toEqual([url]);
});
