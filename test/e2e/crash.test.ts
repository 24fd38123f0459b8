import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { gpgKey, haveSigners } from '../git/support/signing-keys.ts';
import { thorough } from '../support/sampled.ts';
import { type Fluxd, manifest, path, type Recorded, type Repository, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Where the daemon is killed, and how that moment is recognised. */
type Moment = (fluxd: Fluxd, repository: Repository, gpg: Gpg) => void;

/** A gpg that was put in the place of the real one. */
interface Gpg {
  /** Runs this script before or after the nth signature. */
  at(when: 'before' | 'after', nth: number, script: string): void;
}

/** The daemon dies at the nth request that matches, before it reaches the API server or after it was carried out. */
function atRequest(nth: number, matches: (request: Recorded) => boolean, carriedOut = false): Moment {
  return (fluxd) => {
    let seen = 0;
    fluxd.proxy.intercept = async (request) => {
      if (!matches(request) || ++seen !== nth) return undefined;
      if (carriedOut) {
        void until('the request is carried out', () => request.status !== undefined).then(() => fluxd.kill());
        return { kind: 'lose-answer' };
      }
      await fluxd.kill();
      return { kind: 'drop' };
    };
  };
}

/** The daemon dies while its push of a ref is received, before or after the server has moved its refs. */
function atPush(hook: 'pre-receive' | 'post-receive', ref: string): Moment {
  return (fluxd, repository) => {
    repository.hook(
      hook,
      `touched=$(cat)\ncase "$touched" in *" ${ref}"*) [ -e killed ] || { touch killed; kill -9 ${fluxd.pid}; sleep 0.2; } ;; esac`,
    );
  };
}

/** The daemon dies before or after gpg makes its nth signature. */
function atSignature(when: 'before' | 'after', nth: number): Moment {
  return (fluxd, _, gpg) => gpg.at(when, nth, `kill -9 ${fluxd.pid}`);
}

const isWrite = ({ method }: Recorded) => method === 'PATCH';
const moments: readonly (readonly [string, Moment])[] = [
  ['before anything is known of the cluster', atRequest(1, () => true)],
  ['when it looks for what is there', atRequest(1, ({ metadataOnly }) => metadataOnly)],
  ['before its first write', atRequest(1, isWrite)],
  ['after its first write, before the answer', atRequest(1, isWrite, true)],
  ['in the middle of its writes', atRequest(4, isWrite)],
  ['while the first sync tag is pushed', atPush('pre-receive', 'refs/tags/flux-sync')],
  ['after the first sync tag was pushed', atPush('post-receive', 'refs/tags/flux-sync')],
  ['while its own commit is pushed', atPush('pre-receive', 'refs/heads/main')],
  ['after its own commit was pushed, before it hears of it', atPush('post-receive', 'refs/heads/main')],
  ['before it applies its own commit', atRequest(6, isWrite)],
];

/** Each is of a daemon that signs: the first two signatures are of a sync tag and of its own commit. */
const signedMoments: readonly (readonly [string, Moment])[] = [
  ['before it has signed the first sync tag', atSignature('before', 1)],
  ['after gpg has signed the first sync tag', atSignature('after', 1)],
  ['before it has signed its own commit', atSignature('before', 2)],
  ['after gpg has signed its own commit', atSignature('after', 2)],
  ['while its own signed commit is pushed', atPush('pre-receive', 'refs/heads/main')],
  ['after its own signed commit was pushed', atPush('post-receive', 'refs/heads/main')],
];

/** A folder for PATH with a gpg that runs scripts around its signatures, and is the real one. */
function watchedGpg(): Gpg & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'flux-e2e-gpg-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const real = execFileSync('which', ['gpg'], { encoding: 'utf8' }).trim();
  // What git asks gpg for; fluxd itself signs only to try the key.
  writeFileSync(
    join(folder, 'gpg'),
    `#!/bin/sh
case "$*" in *-bsau*) ;; *) exec '${real}' "$@" ;; esac
echo x >>'${folder}/count'
n=$(grep -c x '${folder}/count')
[ ! -e '${folder}/before-'$n ] || . '${folder}/before-'$n
'${real}' "$@"
code=$?
[ ! -e '${folder}/after-'$n ] || . '${folder}/after-'$n
exit $code
`,
    { mode: 0o755 },
  );
  return { folder, at: (when, nth, script) => writeFileSync(join(folder, `${when}-${nth}`), `${script}\nsleep 0.1\n`) };
}

const signed = (haveSigners() ? signedMoments : []).map(([when, moment]) => [when, moment, true] as const);
const unsigned = moments.map(([when, moment]) => [when, moment, false] as const);

test.runIf(thorough('moments to be killed at')).for([...signed, ...unsigned])(
  'killed %s, a new daemon comes to the same end, with one commit',
  async ([, arrange, signs]) => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    await world.push(name, '1.0.0', { version: '1.0.0' });
    await world.push(name, '1.1.0', { version: '1.1.0' });
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'a.yaml': manifest.configMap(shop, 'a'),
      'b.yaml': manifest.configMap(shop, 'b'),
      'c.yaml': manifest.configMap(shop, 'c'),
      'web.yaml': manifest.deployment({
        namespace: shop,
        name: 'web',
        image: `${image}:1.0.0`,
        annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*' },
      }),
    });
    const gpg = signs ? watchedGpg() : undefined;
    const key = signs ? gpgKey('flux') : undefined;
    const fluxd = await world.fluxd(repository, {
      wait: false,
      ...(gpg ? { env: { PATH: `${gpg.folder}:${process.env.PATH}` } } : {}),
      args: key ? [`--git-gpg-key-import=${key.privateFile}`, `--git-signing-key=${key.fingerprint}`] : [],
    });
    arrange(fluxd, repository, gpg ?? { at: () => undefined });
    await until('the daemon was killed', () => !fluxd.running());
    fluxd.proxy.intercept = undefined;
    await fluxd.restart();

    await until('Flux has committed the new tag', () => repository.head() !== first);
    const head = repository.head();
    const record = await repository.synced(head);
    const report = await fluxd.sync();

    expect(report.counts).toEqual({ unchanged: 5 });
    expect(record.revision).toBe(head);
    const deployment = await world.kube.get(path.deployment(shop, 'web'));
    expect(deployment.spec.template.spec.containers[0].image).toBe(`${image}:1.1.0`);
    expect(await repository.commitsSince(first)).toEqual([head]);
    expect(await repository.git('diff', '--numstat', first, head)).toBe('1\t1\tweb.yaml\n');
    const noted = (await repository.git('notes', '--ref=flux', 'list')).trim().split('\n');
    expect(noted.map((line) => line.split(' ')[1])).toEqual([head]);
    if (signs)
      for (const signed of [head, 'flux-sync'])
        expect(await repository.git('cat-file', '-p', signed)).toContain('-----BEGIN PGP SIGNATURE-----');
    expect(existsSync(join(repository.directory, 'refs/heads/main.lock'))).toBe(false);
  },
);
