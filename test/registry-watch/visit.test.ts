import { describe, expect, onTestFinished, test } from 'vitest';
import { type ImageRepository, verificationKey } from '../../src/image/index.ts';
import type { SignatureQuestion } from '../../src/policy/index.ts';
import type { ImageWatchOptions } from '../../src/registry-watch/index.ts';
import { sampled } from '../support/sampled.ts';
import { until } from '../support/until.ts';
import { cloudClient, startCloud } from './credentials/cloud-server.ts';
import { digestOf, type Interception, json } from './fake-registry.ts';
import { POLICY, questionOf, SignedRegistry, signers } from './signatures/signed-registry.ts';
import { setup } from './watch-of.ts';

/** A registry with a signed and an unsigned image, and a watch of another repository. */
async function open(options: Omit<Partial<ImageWatchOptions>, 'clock'> = {}) {
  const registry = await new SignedRegistry().listen();
  for (const tag of ['signed', 'unsigned']) registry.push(tag);
  registry.sign('signed');
  const it = setup({ signers: await signers(), ...options });
  onTestFinished(async () => {
    await it.close();
    await registry.close();
  });
  return { ...it, registry };
}

type World = Awaited<ReturnType<typeof open>>;

/** What a person asks of images of a repository that is not watched. */
async function visit({ watch, registry }: World, ...candidates: SignatureQuestion['candidates']) {
  const questions = candidates.map((each) => questionOf(registry.name, [each]));
  const pullSecrets = [{ namespace: 'shop', secrets: ['pull'], serviceAccount: 'default' }];
  const found = await watch.verifyNow({ image: registry.name, questions, pullSecrets });
  if (!found) throw new Error('it is watched');
  return found;
}

const stateOf = ({ verifications }: ImageRepository, digest: string) =>
  verifications?.get(verificationKey(digest, POLICY))?.state;

test('images of a repository that is not watched are verified by digest, without listing tags or watching it', async () => {
  const it = await open();
  const { registry } = it;
  const [signed, unsigned] = [registry.digestOf('signed'), registry.digestOf('unsigned')];
  const found = await visit(it, { tag: 'signed' }, { tag: 'unsigned' }, { tag: 'any', digest: signed });
  expect(found.images.get('signed')).toMatchObject({ digest: signed });
  expect([stateOf(found, signed), stateOf(found, unsigned)]).toEqual(['verified', 'unsigned']);
  expect(found.tags).toEqual(['signed', 'unsigned']);
  expect(registry.requests.filter((request) => request.includes('/tags/'))).toEqual([]);
  expect(registry.requests.filter((request) => request.startsWith('HEAD'))).toHaveLength(3);
  expect([it.watch.scans(), it.watch.repository(registry.name)]).toEqual([[], undefined]);
});

test('an image is verified again each time, by what its tag is then', async () => {
  const it = await open();
  const { registry } = it;
  expect(stateOf(await visit(it, { tag: 'unsigned' }), registry.digestOf('unsigned'))).toBe('unsigned');
  registry.sign('unsigned');
  expect(stateOf(await visit(it, { tag: 'unsigned' }), registry.digestOf('unsigned'))).toBe('verified');
  registry.push('unsigned', '2025-01-01T00:00:00Z');
  const moved = await visit(it, { tag: 'unsigned' });
  expect(stateOf(moved, registry.digestOf('unsigned'))).toBe('unsigned');
  expect(moved.images.get('unsigned')?.digest).toBe(registry.digestOf('unsigned'));
});

test('the digest is that of the manifest where the registry names none', async () => {
  const it = await open();
  it.registry.intercept = ({ method }, response) => {
    if (method !== 'HEAD') return undefined;
    response.writeHead(405).end();
    return true;
  };
  const found = await visit(it, { tag: 'signed' });
  expect(stateOf(found, it.registry.digestOf('signed'))).toBe('verified');
});

test('an image is read by the pull secrets of the workload, read in its own namespace (S-057)', async () => {
  const read: string[] = [];
  const it = await open({
    async readCore(kind, namespace, name) {
      read.push(`${kind} ${namespace}/${name}`);
      if (kind !== 'Secret') return undefined;
      const auths = { [it.registry.host]: { auth: Buffer.from('me:s3cret').toString('base64') } };
      const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
      return { apiVersion: 'v1', kind, metadata: { name, namespace }, type: 'kubernetes.io/dockerconfigjson', data };
    },
  });
  it.registry.intercept = ({ headers }, response) => {
    if (headers.authorization === `Basic ${Buffer.from('me:s3cret').toString('base64')}`) return undefined;
    json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' });
    return true;
  };
  expect(stateOf(await visit(it, { tag: 'signed' }), it.registry.digestOf('signed'))).toBe('verified');
  expect(read).toContain('Secret shop/pull');
  expect(read.filter((each) => !each.includes(' shop/'))).toEqual([]);
});

test('what the registry does not have, or refuses, is not known to be signed, and says why', async () => {
  const it = await open();
  const digest = digestOf('another image');
  const found = await visit(it, { tag: 'absent' }, { tag: '', digest });
  expect(found.images.get('absent')?.error).toMatchObject({ code: 'registry/not-found' });
  expect(found.images.get('')?.error).toMatchObject({ code: 'registry/not-found' });
  expect(stateOf(found, digest)).toBeUndefined();
  expect(found.tags).toEqual([]);
});

test.each([
  ['a tag', { tag: '../../other/manifests/1' }, '../../other/manifests/1'],
  ['a tag that is an option of a URL', { tag: '1?x=y' }, '1?x=y'],
  ['a digest', { tag: '1', digest: 'sha256:../../secret' }, 'sha256:../../secret'],
])('%s that is none is not put into a URL', async (_, candidate, text) => {
  const it = await open();
  const [image] = (await visit(it, candidate)).images.values();
  expect(image?.error?.message).toContain(`${JSON.stringify(text)} is not a`);
  expect(it.registry.requests).toEqual([]);
});

test('a name that is no repository is not asked for', async () => {
  const { watch } = await open();
  const question = questionOf('127.0.0.1/Team', [{ tag: '1' }]);
  const found = await watch.verifyNow({ image: '127.0.0.1/Team', questions: [question], pullSecrets: [] });
  expect(found?.images.get('1')?.error).toMatchObject({ code: 'registry/bad-name' });
});

test('one release reads 20 images of it, and says so of the others', async () => {
  const it = await open();
  const tags = Array.from({ length: 22 }, (_, n) => `1.${n}.0`);
  for (const tag of tags) it.registry.push(tag);
  const found = await visit(it, ...tags.map((tag) => ({ tag })));
  expect(it.registry.looked).toEqual(tags.slice(0, 20));
  expect(tags.flatMap((tag) => found.images.get(tag)?.error?.message ?? [])).toEqual(
    Array(2).fill('one release reads at most 20 images of a repository that is not watched; release fewer at once'),
  );
});

describe('no request is sent', () => {
  test.each<[string, Parameters<typeof open>[0], string]>([
    ['while scanning is disabled', { scanningDisabled: true }, '--registry-disable-scanning'],
    ['of an excluded image', { excludeImages: ['x/*', '*/team/*'] }, '--registry-exclude-image=*/team/*'],
    ['of an image that is not included', { includeImages: ['ghcr.io/*'] }, 'not in --registry-include-image'],
  ])('%s', async (_, options, barredBy) => {
    const it = await open(options);
    it.watch.watch([{ name: it.registry.name, pullSecrets: [] }]);
    await it.watch.scanNow();
    expect(await visit(it, { tag: 'signed' })).toEqual({ tags: [], images: new Map(), barredBy });
    expect(it.watch.barredBy(it.registry.name)).toBe(barredBy);
    expect(it.registry.requests).toEqual([]);
  });

  test('of an image of ECR before the own region is known', async () => {
    const region = Promise.withResolvers<void>();
    const registry = await new SignedRegistry().listen();
    registry.push('signed');
    registry.sign('signed');
    const hostOf = (region: string) => `123456789012.dkr.ecr.${region}.amazonaws.com`;
    const cloud = await startCloud(({ method }) => (method === 'PUT' ? { body: 't0ken' } : { body: 'eu-west-1' }));
    const { clock, http } = cloudClient({
      onto: { [hostOf('eu-west-1')]: registry.host, [hostOf('us-west-2')]: registry.host, '169.254.169.254': cloud.host },
    });
    const slowly: typeof http.request = async (request) => {
      if (String(request.url).includes('169.254')) await region.promise;
      return http.request(request);
    };
    const it = setup({ clock, http: { ...http, request: slowly }, environment: {}, signers: await signers() });
    onTestFinished(async () => {
      await it.close();
      await registry.close();
    });
    const ask = (image: string) =>
      it.watch.verifyNow({ image, questions: [questionOf(image, [{ tag: 'signed' }])], pullSecrets: [] });
    const [near, far] = [ask(`${hostOf('eu-west-1')}/team/web`), ask(`${hostOf('us-west-2')}/team/web`)];
    expect(registry.requests).toEqual([]);
    region.resolve();
    expect((await far)?.barredBy).toContain('region us-west-2 is not that of fluxd, eu-west-1');
    expect((await near)?.images.get('signed')).toBeDefined();
  });
});

const FAULTS = sampled<readonly [name: string, fault: Interception]>(
  'ways to lose a request of a visit',
  [
    ['503', (_, response) => answered(() => json(response, 503, {}))],
    ['429', (_, response) => answered(() => json(response, 429, {}))],
    ['404', (_, response) => answered(() => json(response, 404, {}))],
    ['401', (_, response) => answered(() => json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' }))],
    ['a page of a proxy', (_, response) => answered(() => response.writeHead(200).end('<html>'))],
    ['cut', ({ socket }) => answered(() => socket.destroy())],
  ],
  2,
);

function answered(answer: () => unknown): true {
  answer();
  return true;
}

test.each(FAULTS)('one lost request (%s) makes nothing signed, and the next visit knows', async (_, fault) => {
  for (let lost = 1; ; lost += 1) {
    const it = await open();
    const [signed, unsigned] = [it.registry.digestOf('signed'), it.registry.digestOf('unsigned')];
    let requests = 0;
    it.registry.intercept = (request, response) => {
      requests += 1;
      return requests === lost ? fault(request, response) : undefined;
    };
    const first = await visit(it, { tag: 'unsigned' }, { tag: 'signed' });
    expect(stateOf(first, unsigned)).not.toBe('verified');
    it.registry.intercept = () => undefined;
    it.clock.advance(3_600_000);
    const then = await visit(it, { tag: 'unsigned' }, { tag: 'signed' });
    expect([stateOf(then, unsigned), stateOf(then, signed)]).toEqual(['unsigned', 'verified']);
    if (requests < lost) break;
    await it.close();
    await it.registry.close();
  }
});

test.each(['the job', 'the daemon'])('a visit ends when %s does', async (who) => {
  const it = await open();
  it.registry.intercept = () => true;
  const job = new AbortController();
  const asked = { image: it.registry.name, questions: [questionOf(it.registry.name, [{ tag: 'signed' }])], pullSecrets: [] };
  const visiting = it.watch.verifyNow(asked, { signal: job.signal });
  const ended = expect(visiting).rejects.toThrow();
  await until('the registry is asked', () => it.registry.requests.length > 0);
  if (who === 'the job') job.abort();
  else await it.watch.stop();
  await ended;
});
