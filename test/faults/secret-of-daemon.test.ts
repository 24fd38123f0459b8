import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { createOwnSecret } from '../../src/cluster/secret/own-secret.ts';
import { recordInSecret } from '../../src/controller/sync/records/in-secret.ts';
import { markedKeys } from '../../src/controller/sync/records/marked.ts';
import type { GitSource } from '../../src/git/index.ts';
import { transportTo } from '../cluster/transport-to.ts';
import type { Recorded } from '../e2e/harness/api-proxy.ts';
import { deployKeys } from '../git/support/deploy-keys.ts';
import { temporaryDirectory } from '../git/support/repository.ts';
import { haveSshKeygen } from '../git/support/ssh-keygen.ts';
import { startEngine } from './engine.ts';
import { losesNothing } from './lost-request.ts';
import { configMap, configMapPath, yaml } from './manifests.ts';
import { createRepository } from './repository.ts';
import type { World } from './world.ts';

const SECRET = '/api/v1/namespaces/shop/secrets';
const PATH = `${SECRET.slice(1)}/flux-git-deploy`;
const KEYS = markedKeys('default');
const MINUTE = 60_000;

const isAboutSecret = ({ path }: Recorded) => path.startsWith(SECRET);

/** A daemon with a fresh disk syncs a commit; another one does so after it, and goes on where the first one was. */
async function live(world: World): Promise<unknown> {
  const { proxy, clock, person } = world;
  const repository = createRepository({ 'a.yaml': yaml(configMap('a', { n: '1' })) });
  const transport = await transportTo(proxy.kubeconfig, clock);
  onTestFinished(() => transport.close());
  const store = createOwnSecret({ transport, namespace: async () => 'shop', name: 'flux-git-deploy' });

  /** Syncs the head, until it is marked. */
  async function daemon() {
    const keys = deployKeys({
      mountedFile: '/nonexistent/identity',
      secret: store,
      directories: [join(temporaryDirectory(), 'ssh')],
      clock,
      log: silentLogger(),
    });
    const git = {
      ...repository.source,
      syncTag: async () => undefined,
      async fetch() {
        // ssh-keygen runs in real time, while a little of the other time goes by.
        let over = false;
        const pulse = async () => {
          while (!over) await clock.sleep(1);
        };
        await Promise.all([
          keys.refresh().finally(() => {
            over = true;
          }),
          pulse(),
        ]);
        return repository.source.fetch();
      },
    };
    const source = recordInSecret(git as Partial<GitSource> as GitSource, {
      ...{ store, namespace: 'shop', keys: KEYS, clock, log: silentLogger() },
    });
    const engine = await startEngine({}, { site: world, source, sourceWaits: true });
    await engine.time.until(
      'the head is marked',
      () => markedIn(proxy.requests).at(-1)?.revision === repository.head,
      20 * MINUTE,
    );
    // The Secret is read again half a minute after a failure.
    await engine.time.pass(31_000);
    await engine.sync();
    const publicKey = await keys.publicKey();
    await engine.stop();
    return publicKey;
  }

  const first = repository.head;
  const before = await daemon();
  repository.commit({ 'a.yaml': yaml(configMap('a', { n: '2' })) });
  const after = await daemon();
  const {
    data,
    metadata: { annotations = {} },
  } = await person.get(PATH);
  const { data: applied } = await person.get(configMapPath('a'));
  const records: readonly { readonly revision: string }[] = JSON.parse(annotations[KEYS.records] ?? '[]');
  return {
    applied,
    isOneKey: before === after && Buffer.from(data['identity.pub'], 'base64').toString() === after,
    marked: annotations[KEYS.revision] === repository.head,
    recorded: records.map(({ revision }) => (revision === first ? 'first' : revision === repository.head ? 'head' : revision)),
    unrecorded: markedIn(proxy.requests).filter(({ isRecorded }) => !isRecorded),
  };
}

/** The marks that were written, and whether the record came with each of them, or before. */
function markedIn(requests: readonly Recorded[]): readonly { readonly revision: string; readonly isRecorded: boolean }[] {
  const recorded = new Set<string>();
  return requests.filter(isAboutSecret).flatMap(({ body }) => {
    const annotations = body === '' ? {} : (JSON.parse(body).metadata?.annotations ?? {});
    for (const { revision } of JSON.parse(annotations[KEYS.records] ?? '[]')) recorded.add(revision);
    const revision = annotations[KEYS.revision];
    return typeof revision === 'string' ? [{ revision, isRecorded: recorded.has(revision) }] : [];
  });
}

if (haveSshKeygen())
  losesNothing(
    'a daemon keeps its key and its marker in the Secret',
    {
      begin: async (world) => () => live(world),
      about: isAboutSecret,
      outcome: {
        applied: { n: '2' },
        isOneKey: true,
        marked: true,
        recorded: ['head', 'first'],
        unrecorded: [],
      },
    },
    5,
  );
else test.skip('a daemon keeps its key and its marker in the Secret');
