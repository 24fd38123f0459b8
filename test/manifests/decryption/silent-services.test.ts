import { expect, test } from 'vitest';
import type { KeyService } from '../../../src/manifests/decryption/key-services.ts';
import { createSopsDecrypter, ManifestThread } from '../../../src/manifests/index.ts';
import type { BuildOutcome } from '../../../src/repository/index.ts';
import { until } from '../../support/until.ts';

const CREATED = { created_at: '2030-01-01T00:00:00Z', enc: 'abc' };
const FINGERPRINT = 'A5CED6D575AA5FCAE6A740069117E2ABBAE5CC1E';
const vaultAt = (host: string) => ({
  hc_vault: [{ vault_address: `https://${host}`, engine_path: 'transit', key_name: 'flux', ...CREATED }],
});
const kmsIn = (region: string) => ({ kms: [{ arn: `arn:aws:kms:${region}:111122223333:key/0a1b2c3d`, ...CREATED }] });
const SERVICES: readonly KeyService[] = [
  { kind: 'hc_vault', origin: 'https://silent.example' },
  { kind: 'hc_vault', origin: 'https://well.example' },
  { kind: 'kms', keys: '*' },
];
const SILENT: BuildOutcome = { kind: 'failed', failure: { kind: 'limit', limit: 'time', bound: '30 s' }, stderr: '' };
const CLEAR: BuildOutcome = { kind: 'built', output: Buffer.from('clear') };
const PAUSE_MS = 20_000;

const thread = new ManifestThread();

/** A decrypter with runs of sops that end when a test says so. */
function open() {
  const running: { text: string; end: (outcome: BuildOutcome) => void }[] = [];
  let now = 0;
  const decrypter = createSopsDecrypter({
    program: {
      decrypt(content, _format, _keys, { signal }) {
        const { promise, resolve, reject } = Promise.withResolvers<BuildOutcome>();
        const run = { text: content.toString(), end: resolve };
        signal?.addEventListener('abort', () => reject(signal.reason));
        running.push(run);
        return promise.finally(() => running.splice(running.indexOf(run), 1));
      },
    },
    ageKeys: async () => ({ identities: new Map(), problems: [] }),
    pgpKeys: async () => [FINGERPRINT],
    services: SERVICES,
    timeoutMs: 1000,
    clock: { monotonic: () => now },
    thread,
  });
  let files = 0;
  return {
    decrypt(keys: object, signal?: AbortSignal) {
      files += 1;
      const written = Object.entries({ mac: 'ENC[x]', lastmodified: CREATED.created_at, ...keys });
      const content = `a: ENC[AES256_GCM,x]\nsops:\n${written.map(([name, value]) => `    ${name}: ${JSON.stringify(value)}\n`).join('')}`;
      return decrypter.decrypt({ path: `${files}.yaml`, content: Buffer.from(content) }, signal ? { signal } : {});
    },
    running: (host: string) => running.filter(({ text }) => text.includes(host)),
    pass(ms: number) {
      now += ms;
    },
  };
}

type Opened = ReturnType<typeof open>;

/** Ends the one run for a host. */
async function end({ running }: Opened, host: string, outcome: BuildOutcome): Promise<void> {
  await until(`sops runs for ${host}`, () => running(host).length > 0);
  running(host)[0]?.end(outcome);
}

/** Decrypts files; what became of each. */
const many = async ({ decrypt }: Opened, keys: object, count = 5) =>
  (await Promise.allSettled(Array.from({ length: count }, () => decrypt(keys)))).map((each) =>
    each.status === 'fulfilled' ? 'clear' : each.reason.code,
  );

test.each([
  ['another Vault', vaultAt('silent.example'), 'silent.example', vaultAt('well.example'), 'well.example'],
  ['another region', kmsIn('eu-west-1'), 'eu-west-1', kmsIn('us-east-1'), 'us-east-1'],
  ['keys of fluxd', vaultAt('silent.example'), 'silent.example', { pgp: [{ fp: FINGERPRINT, ...CREATED }] }, FINGERPRINT],
])(
  'a service that does not answer is asked for one file, and does not hold up those for %s',
  async (_, keys, host, others, other) => {
    const opened = open();
    const silent = many(opened, keys);
    await until('the service is asked', () => opened.running(host).length === 1);
    const well = opened.decrypt(others);
    await end(opened, other, CLEAR);
    expect(`${await well}`).toBe('clear');
    expect(opened.running(host)).toHaveLength(1);

    await end(opened, host, SILENT);
    expect(await silent).toEqual(Array(5).fill('decryption/timed-out'));
    expect(opened.running(host)).toEqual([]);
    // It is not asked again for a while, and then for one file.
    await expect(opened.decrypt(keys)).rejects.toMatchObject({
      code: 'decryption/timed-out',
      message: expect.stringMatching(/^6\.yaml|^7\.yaml/),
      help: expect.stringContaining('It is tried again'),
    });
    opened.pass(PAUSE_MS);
    const again = many(opened, keys);
    await end(opened, host, SILENT);
    expect(await again).toEqual(Array(5).fill('decryption/timed-out'));
  },
);

test('a service that answers is asked for two files at once, also after it was silent', async () => {
  const opened = open();
  const keys = vaultAt('silent.example');
  const first = many(opened, keys, 1);
  await end(opened, 'silent.example', SILENT);
  expect(await first).toEqual(['decryption/timed-out']);
  opened.pass(PAUSE_MS);
  const all = many(opened, keys);
  await end(opened, 'silent.example', CLEAR);
  for (let left = 4; left > 0; left -= 1) {
    await until('two are asked for', () => opened.running('silent.example').length === Math.min(2, left));
    await end(opened, 'silent.example', CLEAR);
  }
  expect(await all).toEqual(Array(5).fill('clear'));
});

test('a refusal is an answer', async () => {
  const opened = open();
  const refused: BuildOutcome = { kind: 'failed', failure: { kind: 'exit', status: 128 }, stderr: '' };
  const both = many(opened, vaultAt('well.example'), 2);
  await end(opened, 'well.example', refused);
  await end(opened, 'well.example', CLEAR);
  expect(await both).toEqual(['decryption/key-failed', 'clear']);
});

test('a sync that is over leaves the line, and others have their turn', async () => {
  const opened = open();
  const over = new AbortController();
  const keys = vaultAt('well.example');
  const ended = Promise.allSettled([1, 2].map(() => opened.decrypt(keys, over.signal)));
  const other = many(opened, keys, 1);
  await until('the service is asked', () => opened.running('well.example').length === 1);
  over.abort(new Error('over'));
  expect(await ended).toMatchObject(Array(2).fill({ status: 'rejected', reason: { message: 'over' } }));
  await end(opened, 'well.example', CLEAR);
  expect(await other).toEqual(['clear']);
});
