import http, { createServer } from 'node:http';
import https from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { FakeRegistry, json } from '../registry-watch/fake-registry.ts';
import { certificate, hasOpenssl } from '../support/certificate.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const HOST = 'europe-docker.pkg.dev';
const BASIC = `Basic ${Buffer.from('oauth2accesstoken:ya29.t0ken').toString('base64')}`;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Google's registry by TLS, its metadata service, and the company's proxy, the only way to the registry. */
async function google() {
  const registry = await new FakeRegistry().listen();
  onTestFinished(() => registry.close());
  registry.intercept = (request, response) => {
    if (request.headers.authorization === BASIC) return undefined;
    json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' });
    return true;
  };
  const secure = https.createServer(certificate(), (request, response) => {
    const { method = 'GET', headers, url = '/' } = request;
    const inner = http.request(`http://${registry.host}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(inner);
  });
  const securePort = await listening(secure);
  const metadata = createServer(({ headers }, response) => {
    const isAsked = headers['metadata-flavor'] === 'Google';
    json(response, isAsked ? 200 : 403, { access_token: 'ya29.t0ken', expires_in: 3599 }, { 'metadata-flavor': 'Google' });
  });
  const metadataPort = await listening(metadata);
  const places: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, client, head: Buffer) => {
    places.push(request.url ?? '');
    const upstream = connect(securePort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    onTestFinished(() => void upstream.destroy());
  });
  const environment = {
    HTTPS_PROXY: `http://127.0.0.1:${await listening(proxy)}`,
    GCE_METADATA_HOST: `127.0.0.1:${metadataPort}`,
  };
  return { registry, environment, places };
}

test.runIf(hasOpenssl() && thorough('a registry of a cloud behind a proxy, end to end'))(
  'an image of Artifact Registry is updated with the identity of the machine, through a proxy',
  async () => {
    const { registry, environment, places } = await google();
    registry.push('1.0.0', '2024-01-01T00:00:00Z');
    const shop = world.namespace('shop');
    const image = `${HOST}/team/web`;
    const repository = await world.repository();
    const annotations = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:~1' };
    await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0`, annotations }),
    });
    const fluxd = await world.fluxd(repository, { args: [`--registry-insecure-host=${HOST}`], env: environment });
    await repository.synced(repository.head());
    registry.push('1.1.0', '2024-01-02T00:00:00Z');
    await until('the new image is in Git', async () => (await repository.text('web.yaml')).includes(`${image}:1.1.0`));
    expect(new Set(places)).toEqual(new Set([`${HOST}:443`]));
    expect(fluxd.log()).not.toContain('ya29.t0ken');
  },
);
