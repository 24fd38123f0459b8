import { expect, onTestFinished, test } from 'vitest';
import { FakeRegistry, json } from '../fake-registry.ts';
import { setup } from '../watch-of.ts';
import { type Answer, cloudClient, startCloud } from './cloud-server.ts';

const GRANTED: Answer = { headers: { 'metadata-flavor': 'Google' }, body: { access_token: 'ya29.t0ken', expires_in: 3599 } };
const BASIC = `Basic ${Buffer.from('oauth2accesstoken:ya29.t0ken').toString('base64')}`;

/** Two registries of Google's that show images to the token only, another registry, and Google's metadata service. */
async function world(metadata: Answer) {
  const registry = await new FakeRegistry().listen();
  registry.push('1.0.0', '2024-01-01T00:00:00Z');
  registry.intercept = (request, response) => {
    const isOpen = request.headers.host === 'r.example.com';
    if (isOpen || request.headers.authorization === BASIC) return undefined;
    json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' });
    return true;
  };
  const cloud = await startCloud(() => metadata);
  const { clock, http } = cloudClient({
    onto: { 'gcr.io': registry.host, 'europe-docker.pkg.dev': registry.host, 'r.example.com': registry.host },
  });
  const it = setup({ clock, http, environment: { GCE_METADATA_HOST: cloud.host } });
  onTestFinished(async () => {
    await it.close();
    await registry.close();
  });
  return {
    cloud,
    registry,
    async scan(...hosts: string[]) {
      const names = hosts.map((host) => `${host}/team/web`);
      it.watch.watch(names.map((name) => ({ name, pullSecrets: [] })));
      await it.watch.scanNow();
      return names.map((name) => it.watch.repository(name));
    },
  };
}

test('images are found with the identity of the machine, which only its own cloud receives (S-057)', async () => {
  const { scan, cloud, registry } = await world(GRANTED);
  const found = await scan('gcr.io', 'europe-docker.pkg.dev', 'r.example.com');
  expect(found.map((repository) => [repository?.tags, repository?.error])).toEqual(Array(3).fill([['1.0.0'], undefined]));
  expect(cloud.requests).toHaveLength(2);
  const sent = registry.headers.filter(({ authorization }) => authorization !== undefined).map(({ host }) => host);
  expect(new Set(sent)).toEqual(new Set(['gcr.io', 'europe-docker.pkg.dev']));
});

test('a failure is named in the error of the images that need it, and of no other', async () => {
  const { scan, cloud } = await world({ status: 403 });
  const [google, other] = await scan('gcr.io', 'r.example.com');
  expect(google?.error).toMatchObject({
    code: 'registry/unauthorized',
    message: `registry gcr.io requires credentials, and none were found; no credential: GET http://${cloud.host}/computeMetadata/v1/instance/service-accounts/default/token: status 403`,
    help: expect.stringContaining('Artifact Registry Reader'),
  });
  expect(other).toMatchObject({ tags: ['1.0.0'] });
  expect(other?.error).toBeUndefined();
});

test('a registry that repeats the token in an error does not get it into ours (S-074)', async () => {
  const { scan, registry } = await world(GRANTED);
  registry.intercept = ({ headers }, response) => {
    if (headers.authorization)
      json(response, 403, { errors: [{ code: 'DENIED', message: `no rights: ${headers.authorization} ya29.t0ken` }] });
    else json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' });
    return true;
  };
  const [found] = await scan('gcr.io');
  expect(found?.error?.message).toMatch(/status 403, denied: no rights: Basic \*\*\* \*\*\*$/);
});

test('a redirect of a registry to the metadata service is refused, though the daemon itself asks there (S-051)', async () => {
  const { scan, registry } = await world(GRANTED);
  registry.intercept = (_, response) => {
    response.writeHead(307, { location: 'http://169.254.169.254/computeMetadata/v1/' }).end();
    return true;
  };
  const [found] = await scan('gcr.io');
  expect(found?.error).toMatchObject({ code: 'registry/bad-redirect' });
});
