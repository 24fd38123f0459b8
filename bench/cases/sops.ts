import { mkdtempSync } from 'node:fs';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import pLimit from 'p-limit';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { createManifests, createSopsDecrypter, type Decrypter, listingOf, ManifestThread } from '../../src/manifests/index.ts';
import { createSops } from '../../src/sandbox/index.ts';
import { atMost, type Case } from '../case.ts';
import { encryptYaml, sopsProgram, xargsDecrypt } from '../contenders/sops.ts';
import { median } from '../measure.ts';

const FILES = 1000;
const COLD_RUNS = 3;

/** Decryption of files by a key of age: all of them, and none when nothing changed. */
export const sops: Case = {
  name: 'sops',
  title: 'Files that SOPS encrypted',
  async run(lab) {
    await lab.close();
    const identity = await generateX25519Identity();
    const files = await encryptedFiles(lab.scaled(FILES), await identityToRecipient(identity));
    const count = Object.keys(files).length;
    const cold: { readonly ours: number; readonly xargs: number }[] = [];
    let warm = 0;
    for (let n = 0; n < COLD_RUNS; n++) {
      lab.say(`decrypting ${count} files, ${n + 1} of ${COLD_RUNS}`);
      const xargs = await xargsDecrypt(files, identity);
      const { first, decryptionsAgain } = await readTwice(files, identity);
      cold.push({ ours: first, xargs });
      warm = Math.max(warm, decryptionsAgain);
    }
    const s = (of: readonly number[]) => of.map((each) => each.toFixed(2)).join(' ');
    return {
      tables: [
        {
          header: [`${count} files`, 's'],
          rows: [
            ['`xargs -P2 sops decrypt`', s(cold.map(({ xargs }) => xargs))],
            ['fluxd, read into objects', s(cold.map(({ ours }) => ours))],
          ],
        },
      ],
      bounds: [
        atMost('all files, × `xargs -P2 sops decrypt`', median(cold.map(({ ours, xargs }) => ours / xargs)), 1.1, {
          unit: '',
          digits: 2,
        }),
        atMost('decryptions when nothing changed', warm, 0, { unit: '' }),
      ],
    };
  },
};

async function encryptedFiles(count: number, recipient: string): Promise<Readonly<Record<string, string>>> {
  const inParallel = pLimit(2);
  const entries = Array.from({ length: count }, (_, n) =>
    inParallel(async () => {
      const text = `apiVersion: v1\nkind: Secret\nmetadata:\n  name: secret-${n}\nstringData:\n  user: user-${n}\n  password: password-${n}\n`;
      return [`secret-${n}.yaml`, await encryptYaml(text, recipient)] as const;
    }),
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Reads a revision twice; the seconds of the first time, and the decryptions of the second. */
async function readTwice(files: Readonly<Record<string, string>>, identity: string) {
  const directory = mkdtempSync('/dev/shm/flux-bench-sops-');
  const program = createSops({
    program: sopsProgram(),
    directory,
    memoryDirectory: directory,
    gpg: undefined,
    environment: {},
    clock: systemClock,
    logger: silentLogger(),
  });
  const recipient = await identityToRecipient(identity);
  const decrypter = createSopsDecrypter({
    program,
    ageKeys: async () => ({ identities: new Map([[recipient, identity]]), problems: [] }),
    pgpKeys: async () => [],
    services: [],
    timeoutMs: 60_000,
    clock: systemClock,
    thread: new ManifestThread(),
  });
  let decryptions = 0;
  const counted: Decrypter = {
    mayBeEncrypted: decrypter.mayBeEncrypted,
    decrypt: (...given) => {
      decryptions += 1;
      return decrypter.decrypt(...given);
    },
  };
  const manifests = createManifests({ decrypter: counted });
  const { files: listed, blob } = listingOf(Object.entries(files).map(([path, content]) => ({ path, content })));
  const begin = performance.now();
  const state = await manifests.read(listed, blob);
  const first = (performance.now() - begin) / 1000;
  if (state.manifests.length !== listed.length)
    throw new Error(`${state.manifests.length} objects, ${state.errors[0]?.error.message}`);
  const before = decryptions;
  await manifests.read(listed, blob);
  await program.close();
  return { first, decryptionsAgain: decryptions - before };
}
