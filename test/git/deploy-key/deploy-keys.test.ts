import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLogger, FluxError, systemClock } from '../../../src/base/index.ts';
import { createOwnSecret } from '../../../src/cluster/secret/own-secret.ts';
import { type DeployKeyOptions, type DeployKeys, NO_DEPLOY_KEY } from '../../../src/git/index.ts';
import { transportTo } from '../../cluster/transport-to.ts';
import { createCheckedAccount } from '../../e2e/harness/account.ts';
import { readKubeconfig } from '../../e2e/harness/kube-client.ts';
import { startSite } from '../../faults/world.ts';
import { deployKeys } from '../support/deploy-keys.ts';
import { failureOf, temporaryDirectory } from '../support/repository.ts';
import { haveSshKeygen, makeKey, replacedSshKeygen } from '../support/ssh-keygen.ts';

const SECRETS = 'api/v1/namespaces/flux/secrets';
const SECRET = `${SECRETS}/flux-git-deploy`;
const text = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString();

/** A cluster with the Secret as the chart makes it, unless another one is given; null for none. */
async function start({ secret = {} }: { readonly secret?: Record<string, string> | null } = {}) {
  const site = await startSite();
  const { person, proxy } = site;
  await person.create('api/v1/namespaces', { metadata: { name: 'flux' } });
  const encoded = Object.fromEntries(
    Object.entries(secret ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  if (secret) await person.create(SECRETS, { metadata: { name: 'flux-git-deploy' }, data: encoded });
  const transport = await transportTo(proxy.kubeconfig, systemClock);
  onTestFinished(() => transport.close());
  const log: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      log.push(String(chunk));
      done();
    },
  });
  const mount = temporaryDirectory();
  /** A daemon of this cluster, with memory of its own. */
  async function daemon(options: Partial<DeployKeyOptions> = {}): Promise<DeployKeys> {
    return deployKeys({
      mountedFile: join(mount, 'identity'),
      secret: createOwnSecret({ transport, namespace: async () => 'flux', name: 'flux-git-deploy' }),
      log: await createLogger({ format: 'json', destination }),
      ...options,
    });
  }
  const data = async (): Promise<Record<string, string>> => (await person.get(SECRET)).data ?? {};
  return { ...site, daemon, data, mount, log };
}

const fileOf = (keys: DeployKeys) => readFileSync(keys.files()[0] ?? '', 'utf8');

describe.runIf(haveSshKeygen())('the deploy key of a daemon in the cluster', () => {
  test.each([
    ['the Secret of the chart', {}],
    ['no Secret', null],
  ])('is generated and stored where there is %s, and used after a restart', async (_, secret) => {
    const { daemon, data, log } = await start({ secret });
    const keys = await daemon();
    const publicKey = await keys.publicKey();
    expect(publicKey).toMatch(/^ssh-ed25519 \S+ flux\n$/);
    expect(text((await data())['identity.pub'])).toBe(publicKey);
    expect(text((await data()).identity)).toBe(fileOf(keys));
    expect(statSync(keys.files()[0] ?? '').mode & 0o777).toBe(0o400);
    const restarted = await daemon();
    await restarted.refresh();
    expect([await restarted.publicKey(), fileOf(restarted)]).toEqual([publicKey, fileOf(keys)]);
    const [first = ''] = log;
    expect(JSON.parse(first)).toMatchObject({ level: 'info', 'identity.pub': publicKey.trim() });
    expect(log.join('')).not.toMatch(/PRIVATE KEY|openssh-key-v1/);
    const half = (await data()).identity?.slice(200, 240) ?? '';
    expect(log.join('')).not.toContain(half);
  });

  test.each([
    [{ type: 'ecdsa', bits: 384 }, /^ecdsa-sha2-nistp384 /, /BEGIN OPENSSH/],
    [{ type: 'rsa', bits: 2048, format: 'PEM' }, /^ssh-rsa /, /BEGIN RSA/],
    [{ type: 'ed25519', bits: 4096, format: 'RFC4716' }, /^ssh-ed25519 /, /BEGIN OPENSSH/],
  ])('is generated as asked for: %j', async (keygen, publicKey, privateKey) => {
    const keys = await (await start()).daemon({ keygen });
    expect(await keys.publicKey()).toMatch(publicKey);
    expect(fileOf(keys)).toMatch(privateKey);
  });

  test('is one, when daemons start at once', async () => {
    const { daemon, data } = await start();
    const daemons = await Promise.all([daemon(), daemon(), daemon()]);
    const publicKeys = await Promise.all(daemons.map((each) => each.publicKey()));
    expect(new Set(publicKeys)).toEqual(new Set([text((await data())['identity.pub'])]));
    expect(new Set(daemons.map(fileOf))).toEqual(new Set([text((await data()).identity)]));
  });

  test('is the mounted one, whatever its mode and place, and needs no Secret', async () => {
    const { daemon, mount, proxy } = await start();
    const key = await makeKey();
    writeFileSync(join(mount, 'identity'), key.privateKey.trimEnd(), { mode: 0o444 });
    chmodSync(mount, 0o555);
    proxy.intercept = () => ({ kind: 'answer', status: 403 });
    const keys = await daemon();
    expect((await keys.publicKey()).split(' ').slice(0, 2)).toEqual(key.publicKey.split(' ').slice(0, 2));
    expect(fileOf(keys)).toBe(key.privateKey);
    expect(statSync(keys.files()[0] ?? '').mode & 0o777).toBe(0o400);
  });

  test('is that of the Secret, under its own name or that of Flux v1', async () => {
    const key = await makeKey();
    for (const [dataKey, secret] of [
      ['id', { id: key.privateKey, identity: 'x' }],
      ['id', { identity: key.privateKey }],
    ] as const) {
      const keys = await (await start({ secret })).daemon({ dataKey });
      await keys.refresh();
      expect(fileOf(keys)).toBe(key.privateKey);
    }
  });

  test('with a passphrase, or none at all, is refused with the next step; nothing is generated', async () => {
    const { daemon, mount, data } = await start();
    const locked = await makeKey('secret phrase');
    for (const privateKey of [locked.privateKey, 'no key\n']) {
      writeFileSync(join(mount, 'identity'), privateKey);
      const keys = await daemon();
      expect(await keys.publicKey()).toBe('');
      const { code, message, help } = keys.explain(new FluxError('denied', { code: 'git/denied' }));
      expect({ code, help }).toEqual({ code: 'git/deploy-key', help: expect.stringContaining('without passphrase') });
      expect(message).toContain(join(mount, 'identity'));
    }
    expect(await data()).toEqual({});
  });

  test('a daemon that may not use the Secret says which right is missing, and how to do without', async () => {
    const { daemon, proxy, person } = await start();
    const account = createCheckedAccount(readKubeconfig(proxy.kubeconfig), 'flux');
    proxy.intercept = account.intercept;
    const rule = (...verbs: string[]) =>
      account.grant({ namespaces: { flux: [{ apiGroups: [''], resources: ['secrets'], verbs }] } });
    const problems: string[] = [];
    for (const [verbs, verb] of [
      [[], 'read'],
      [['get'], 'write'],
    ] as const) {
      await rule(...verbs);
      const keys = await daemon();
      await keys.refresh();
      const denied = keys.explain(new FluxError('Permission denied (publickey).', { code: 'git/denied' }));
      problems.push(denied.message);
      expect(denied.message).toContain(
        `Permission denied (publickey).; deploy key: fluxd cannot ${verb} the Secret flux-git-deploy`,
      );
      expect(denied.help).toContain('get and patch on the Secret flux-git-deploy');
      expect(denied.help).toContain('kubectl -n flux create secret generic flux-git-deploy --from-file=identity');
      await expect(keys.regenerate()).rejects.toMatchObject({
        code: 'git/deploy-key',
        message: denied.message.slice(denied.message.indexOf('deploy key: ')),
      });
    }
    expect(problems[0]).toContain('cannot get resource "secrets"');
    expect(problems[1]).toContain('cannot patch resource "secrets"');
    await rule('get', 'patch');
    expect(await (await daemon()).publicKey()).toMatch(/^ssh-ed25519/);
    await person.delete(SECRET);
    const keys = await daemon();
    await keys.refresh();
    expect(keys.explain(new FluxError('x', { code: 'git/denied' })).message).toContain('cannot create resource "secrets"');
  });

  test('regeneration keeps the one before until all hosts accepted the new one; other daemons and restarts follow', async () => {
    const { daemon, data, person } = await start();
    const urls = ['git@a:x', 'git@b:y'];
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + passed };
    let passed = 0;
    const [one, two] = [await daemon({ urls, clock }), await daemon({ urls, clock })];
    const [first] = await Promise.all([one.publicKey(), two.publicKey()]);
    const before = text((await data()).identity);
    const second = await one.regenerate();
    expect(second).not.toBe(first);
    expect(await one.publicKey()).toBe(second);
    passed += 31_000;
    await two.refresh();
    const restarted = await daemon({ urls, clock });
    await restarted.refresh();
    for (const keys of [one, two, restarted]) {
      const [now = '', previous = ''] = keys.files();
      expect([text((await data()).identity), before]).toEqual([readFileSync(now, 'utf8'), readFileSync(previous, 'utf8')]);
      expect(await keys.publicKey()).toBe(second);
    }
    await one.unproven('git@a:x')?.accepted();
    expect(one.unproven('git@a:x')).toBeUndefined();
    expect(one.files()).toHaveLength(2);
    await one.unproven('git@b:y')?.accepted();
    expect(one.files()).toHaveLength(1);
    expect(Object.keys(await data()).sort()).toEqual(['identity', 'identity.pub']);
    const [, gone = ''] = two.files();
    passed += 31_000;
    await two.refresh();
    expect([two.files().length, existsSync(gone)]).toEqual([1, false]);
    expect((await person.get(SECRET)).metadata.annotations?.['fluxcd.io/replaced-keys']).toMatch(/^SHA256:\S{43}$/);
  });

  test('a mounted file that lags behind its Secret does not bring the replaced key back', async () => {
    const key = await makeKey();
    const { daemon, data, mount } = await start({ secret: { identity: key.privateKey } });
    writeFileSync(join(mount, 'identity'), key.privateKey);
    const keys = await daemon();
    const second = await keys.regenerate();
    await keys.unproven('git@example.org:acme/config')?.accepted();
    const restarted = await daemon();
    expect([await restarted.publicKey(), fileOf(restarted)]).toEqual([second, text((await data()).identity)]);
    // A person's new key is mounted.
    const mine = await makeKey();
    writeFileSync(join(mount, 'identity'), mine.privateKey);
    const again = await daemon();
    await again.refresh();
    expect(fileOf(again)).toBe(mine.privateKey);
  });

  test('a Secret that was emptied or deleted gets the key in use back', async () => {
    const { daemon, data, person } = await start();
    let passed = 0;
    const keys = await daemon({ clock: { ...systemClock, monotonic: () => systemClock.monotonic() + passed } });
    const publicKey = await keys.publicKey();
    await person.delete(SECRET);
    passed += 31_000;
    await keys.refresh();
    expect(text((await data())['identity.pub'])).toBe(publicKey);
    expect(await keys.publicKey()).toBe(publicKey);
  });

  test('an API server that is away takes no key from a daemon', async () => {
    const { daemon, proxy, log } = await start();
    let passed = 0;
    const keys = await daemon({ clock: { ...systemClock, monotonic: () => systemClock.monotonic() + passed } });
    const publicKey = await keys.publicKey();
    await keys.regenerate();
    const files = keys.files();
    proxy.intercept = () => ({ kind: 'answer', status: 403 });
    passed += 31_000;
    await keys.refresh();
    expect(keys.files()).toEqual(files);
    expect(publicKey).toMatch(/^ssh-/);
    expect(log.filter((line) => line.includes('"level":"warn"'))).toEqual([]);
  });

  test('private files go to --ssh-keygen-dir, and to the private directory where that cannot be written', async () => {
    const { daemon, log } = await start();
    const [given, own] = [join(temporaryDirectory(), 'given'), join(temporaryDirectory(), 'own')];
    mkdirSync(join(given, '.flux-key-gen-left'), { recursive: true });
    writeFileSync(join(given, '.flux-key-new-identity'), 'half');
    writeFileSync(join(given, 'theirs.new'), 'x');
    const keys = await daemon({ directories: [given, own] });
    await keys.refresh();
    expect(keys.files()).toEqual([join(given, 'identity')]);
    expect(readdirSync(given).sort()).toEqual(['identity', 'theirs.new']);
    const file = join(given, 'theirs.new', 'none');
    const other = await daemon({ directories: [file, own] });
    await other.refresh();
    expect(other.files()).toEqual([join(own, 'identity')]);
    expect(log.join('')).toContain(file);
  });

  test('ssh-keygen gets no arguments and no environment but what it needs, and is killed when it hangs', async () => {
    const { daemon } = await start();
    const record = join(temporaryDirectory(), 'record');
    const PATH = replacedSshKeygen(`{ printf '<%s>' "$@"; echo; env; } >>${record}; exec "$KEYGEN" "$@"`);
    const keys = await daemon({ environment: { PATH, HOME: '/h', SECRET_TOKEN: 'x', FLUXD_GIT_URL: 'y' } });
    await keys.refresh();
    const lines = readFileSync(record, 'utf8').split('\n');
    expect(lines[0]).toMatch(/^<-q><-N><><-t><ed25519><-C><flux><-f><\/\S+\/identity>$/);
    const names = new Set(lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split('=', 1)[0]));
    for (const name of ['PWD', '_', 'SHLVL', 'OLDPWD', 'KEYGEN']) names.delete(name);
    expect([...names].sort()).toEqual(['HOME', 'LC_ALL', 'PATH']);
  });

  test('a machine without ssh-keygen, or one that fails, says so', async () => {
    for (const [PATH, message] of [
      ['/nonexistent', 'ssh-keygen is not installed'],
      [replacedSshKeygen('echo "unknown key type x" >&2; exit 1'), 'unknown key type x'],
    ] as const) {
      const { daemon } = await start();
      const keys = await daemon({ environment: { PATH } });
      await keys.refresh();
      expect(keys.explain(new FluxError('x', { code: 'git/denied' }))).toMatchObject({
        code: 'git/keygen',
        message: expect.stringContaining(message),
      });
    }
  });
});

test('without SSH, and outside of the cluster, nothing can be regenerated', async () => {
  expect(await NO_DEPLOY_KEY.publicKey()).toBe('');
  expect(await failureOf(NO_DEPLOY_KEY.regenerate())).toMatchObject({ code: 'git/no-deploy-key' });
  const outside = deployKeys({ mountedFile: '/nonexistent/identity' });
  expect(await outside.publicKey()).toBe('');
  expect(outside.files()).toEqual(['/nonexistent/identity']);
  expect(await failureOf(outside.regenerate())).toMatchObject({ code: 'git/no-key-generation' });
  const denied = new FluxError('x', { code: 'git/denied' });
  expect(outside.explain(denied)).toBe(denied);
});
