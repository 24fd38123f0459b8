import { describe, expect, test } from 'vitest';
import { createHttpTransport, type HttpTransport, silentLogger } from '../../src/base/index.ts';
import type { PullSecrets } from '../../src/image/index.ts';
import { createCredentialSource } from '../../src/registry-watch/credentials/index.ts';
import type { KubeObject } from '../../src/resource/index.ts';
import { until } from '../support/until.ts';
import { BriskClock } from './credentials/brisk-clock.ts';
import { FakeClock } from './fake-clock.ts';

const config = (user: string, host = 'r.io') => JSON.stringify({ auths: { [host]: { username: user, password: 'p' } } });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const object = (fields: Record<string, unknown>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'x' },
  ...fields,
});
const secret = (text: string, type = 'kubernetes.io/dockerconfigjson', key = '.dockerconfigjson') =>
  object({ type, data: { [key]: base64(text) } });

/** Credentials for r.io from a cluster that holds these objects, by `namespace/name`. */
function source(objects: Readonly<Record<string, KubeObject | Error>>, file?: string) {
  const clock = new FakeClock();
  const reads: string[] = [];
  const credentials = createCredentialSource({
    clock,
    log: silentLogger(),
    ...(file === undefined ? {} : { dockerConfigFile: '/config.json' }),
    readFile: async () => file ?? '',
    readCore: async (kind, namespace, name) => {
      reads.push(`${kind} ${namespace}/${name}`);
      const found = objects[`${kind === 'Secret' ? '' : 'sa:'}${namespace}/${name}`];
      if (found instanceof Error) throw found;
      return found;
    },
  });
  const users = async (...pullSecrets: PullSecrets[]) =>
    (await credentials.candidates('r.io', pullSecrets)).credentials.map((credential) => credential?.username);
  return { clock, reads, users };
}

const use = (namespace: string, secrets: readonly string[] = [], serviceAccount = ''): PullSecrets => ({
  namespace,
  secrets,
  serviceAccount,
});

describe('the credentials of a workload', () => {
  test('come from the pod over its service account over the daemon', async () => {
    const objects = {
      'a/pod': secret(config('pod')),
      'a/account': secret(config('account')),
      'sa:a/default': object({ imagePullSecrets: [{ name: 'account' }] }),
    };
    expect(await source(objects, config('daemon')).users(use('a', ['pod']))).toEqual(['pod']);
    expect(await source(objects, config('daemon')).users(use('a'))).toEqual(['account']);
    expect(await source({}, config('daemon')).users(use('a'))).toEqual(['daemon']);
    expect(await source({}, config('daemon')).users()).toEqual(['daemon']);
    expect(await source({}).users(use('a'))).toEqual([undefined]);
  });

  test('are read in its own namespace only, and those of others are tried on their own (S-057)', async () => {
    const { users, reads } = source({ 'a/pull': secret(config('a')), 'b/pull': secret(config('b')) });
    expect(await users(use('a', ['pull']), use('b', ['pull']), use('c', ['pull']))).toEqual(['a', 'b', undefined]);
    expect(reads.filter((read) => read.startsWith('Secret'))).toEqual(['Secret a/pull', 'Secret b/pull', 'Secret c/pull']);
  });

  test('that are the same are tried once', async () => {
    const objects = { 'a/pull': secret(config('same')), 'b/pull': secret(config('same')) };
    expect(await source(objects).users(use('a', ['pull']), use('b', ['pull']))).toEqual(['same']);
  });

  test('may be in the older kind of secret', async () => {
    const old = secret(JSON.stringify({ 'r.io': { auth: base64('old:p') } }), 'kubernetes.io/dockercfg', '.dockercfg');
    expect(await source({ 'a/old': old }).users(use('a', ['old']))).toEqual(['old']);
  });

  test('come from the good secrets among bad ones', async () => {
    const objects = {
      'a/opaque': object({ type: 'Opaque', data: { '.dockerconfigjson': base64(config('x')) } }),
      'a/broken': secret('{'),
      'a/empty': object({ type: 'kubernetes.io/dockerconfigjson' }),
      'a/failing': new Error('forbidden'),
      'a/good': secret(config('good')),
      'sa:a/odd': object({ imagePullSecrets: [null, 5, { name: 7 }] }),
    };
    expect(await source(objects).users(use('a', ['opaque', 'good', 'broken', 'missing', 'empty', 'failing'], 'odd'))).toEqual([
      'good',
    ]);
  });

  test('are read again after a minute, failures at once', async () => {
    const objects: Record<string, KubeObject | Error> = { 'a/pull': new Error('down') };
    const { users, clock } = source(objects);
    expect(await users(use('a', ['pull']))).toEqual([undefined]);
    objects['a/pull'] = secret(config('first'));
    expect(await users(use('a', ['pull']))).toEqual(['first']);
    objects['a/pull'] = secret(config('second'));
    expect(await users(use('a', ['pull']))).toEqual(['first']);
    clock.advance(60_000);
    expect(await users(use('a', ['pull']))).toEqual(['second']);
  });
});

describe("the daemon's own credentials", () => {
  const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
  const GOOGLE = 'gcr.io';
  const file = JSON.stringify({
    auths: Object.fromEntries([ECR, GOOGLE].map((host) => [host, { username: 'file', password: 'p' }])),
  });

  /** Where AWS and Google answer, or do not. */
  function inCloud(answers: boolean, dockerConfig?: string) {
    const http: HttpTransport = {
      ...createHttpTransport(),
      request: async ({ url }) => {
        if (!answers) throw new Error('no answer');
        const authorizationToken = base64('AWS:t');
        const body = new URL(url).host.includes('ecr')
          ? { authorizationData: [{ authorizationToken, expiresAt: Date.UTC(2024, 5, 2) / 1000 }] }
          : { access_token: 't', expires_in: 3600 };
        return { status: 200, headers: { 'metadata-flavor': 'Google' }, body: Buffer.from(JSON.stringify(body)) };
      },
    };
    const credentials = createCredentialSource({
      clock: new BriskClock(),
      log: silentLogger(),
      ...(dockerConfig === undefined ? {} : { dockerConfigFile: '/config.json' }),
      readFile: async () => dockerConfig ?? '',
      readCore: async (kind) => (kind === 'Secret' ? secret(file.replaceAll('"file"', '"pod"')) : undefined),
      cloud: { http, environment: { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' } },
    });
    return async (host: string, ...pullSecrets: PullSecrets[]) => {
      const found = await credentials.candidates(host, pullSecrets);
      return [...found.credentials.map((credential) => credential?.username), ...found.failures.map(({ code }) => code)];
    };
  }

  test.each<[string, boolean, string | undefined, string, readonly unknown[]]>([
    ['ECR over a file', true, file, ECR, ['AWS']],
    ['a file where AWS does not answer', false, file, ECR, ['file']],
    ['a file over Google', true, file, GOOGLE, ['file']],
    ['Google where there is no other', true, '{}', GOOGLE, ['oauth2accesstoken']],
    ['nothing, and the reason', false, '{}', GOOGLE, [undefined, 'registry/no-credential']],
    ['nothing for the host of another', true, undefined, 'r.io', [undefined]],
  ])('are those of %s', async (_name, answers, dockerConfig, host, expected) => {
    expect(await inCloud(answers, dockerConfig)(host)).toEqual(expected);
  });

  test('are not asked for where pull secrets have one, so that their failure harms no image', async () => {
    expect(await inCloud(false)(ECR, use('a', ['pull']))).toEqual(['pod']);
    expect(await inCloud(false)(ECR, use('a', ['pull']), use('b'))).toEqual(['pod', undefined, 'registry/no-credential']);
  });
});

describe('a read that several images wait for', () => {
  /** A cluster whose reads are answered by hand, and what was logged. */
  function byHand() {
    const reads: PromiseWithResolvers<KubeObject | undefined>[] = [];
    const logged: unknown[] = [];
    const credentials = createCredentialSource({
      clock: new FakeClock(),
      log: Object.assign(silentLogger(), { warn: (...words: unknown[]) => void logged.push(words) }),
      readFile: async () => '',
      readCore: (kind) => {
        if (kind === 'ServiceAccount') return Promise.resolve(undefined);
        const read = Promise.withResolvers<KubeObject | undefined>();
        reads.push(read);
        return read.promise;
      },
    });
    const users = async (signal?: AbortSignal) =>
      (await credentials.candidates('r.io', [use('a', ['pull'])], signal ? { signal } : {})).credentials.map(
        (found) => found?.username,
      );
    return { reads, logged, users };
  }

  test('goes on when the first of them is removed: the others have their credentials', async () => {
    const { reads, users } = byHand();
    const removed = new AbortController();
    const first = users(removed.signal);
    const second = users();
    await until('the secret is read', () => reads.length === 1);
    removed.abort(new Error('removed'));
    await expect(first).rejects.toThrow('removed');
    reads[0]?.resolve(secret(config('pod')));
    expect(await second).toEqual(['pod']);
    expect(reads).toHaveLength(1);
  });

  test('is logged once while it fails for the same reason, and again after it has worked', async () => {
    const { reads, logged, users } = byHand();
    const ask = async (answer: KubeObject | Error) => {
      const asked = users();
      await until('the secret is read', () => reads.length > 0);
      const read = reads.pop();
      if (answer instanceof Error) read?.reject(answer);
      else read?.resolve(answer);
      await asked;
    };
    await ask(new Error('forbidden'));
    await ask(new Error('forbidden'));
    expect(logged).toHaveLength(1);
    await ask(new Error('timed out'));
    expect(logged).toHaveLength(2);
  });
});
