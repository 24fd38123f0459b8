import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { createSource, openSignatures, type Signatures } from '../../src/git/index.ts';
import { GIT_ENVIRONMENT } from '../../test/git/support/git-environment.ts';
import { gpgHome, gpgKey } from '../../test/git/support/signing-keys.ts';
import { SOURCE_OPTIONS } from '../../test/git/support/source-options.ts';
import { atMost, type Case } from '../case.ts';
import { median } from '../measure.ts';

const COMMITS = 1000;
const ROUNDS = 5;
const LIMIT = 1.2;

/** What verification adds to git, which runs gpg once for each commit. */
export const verifySignatures: Case = {
  name: 'verify-signatures',
  title: 'A fetch of 1,000 new signed commits, verified, beside `git log --format=%G?` over them',
  async run(lab) {
    const directory = mkdtempSync(join(tmpdir(), 'flux-bench-verify-'));
    const commits = lab.scaled(COMMITS);
    try {
      lab.say(`signing ${commits} commits`);
      const key = gpgKey('bench');
      const remote = join(directory, 'remote.git');
      const git = (home: string, ...args: readonly string[]) =>
        execFileSync('git', args, {
          cwd: directory,
          env: { ...GIT_ENVIRONMENT, GIT_DIR: remote, GNUPGHOME: home },
          encoding: 'utf8',
        });
      git(gpgHome(), 'init', '--quiet', '--bare', '--initial-branch=main');
      const tree = execFileSync('git', ['mktree'], {
        env: { ...GIT_ENVIRONMENT, GIT_DIR: remote },
        input: '',
        encoding: 'utf8',
      }).trim();
      const sign = (...parent: readonly string[]) =>
        git(gpgHome(), 'commit-tree', `-S${key.fingerprint}`, ...parent, '-m', 'Change', tree).trim();
      const first = sign();
      let last = first;
      for (let count = 0; count < commits; count += 1) last = sign('-p', last);
      const signatures = await openSignatures({
        directory,
        imports: [key.publicFile],
        verifies: 'all',
        environment: { PATH: process.env.PATH },
        clock: systemClock,
        log: silentLogger(),
      });
      const home = join(directory, 'gnupg');
      const [ours, its]: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round += 1) {
        git(home, 'update-ref', 'refs/heads/main', first);
        const began = performance.now();
        const grades = git(home, 'log', '--format=%G?', last, `^${first}`);
        its.push(performance.now() - began);
        if (grades !== 'G\n'.repeat(commits)) throw new Error('git does not accept the signatures');
        ours.push(
          await fetchTime(remote, join(directory, `mirror-${round}`), signatures, () =>
            git(home, 'update-ref', 'refs/heads/main', last),
          ),
        );
      }
      await signatures.close();
      const [a, b] = [median(ours), median(its)];
      return {
        tables: [
          {
            header: ['', 'median ms', 'ratio'],
            rows: [
              ['git log --format=%G?', b.toFixed(0), '1.00'],
              ['fetch and verify', a.toFixed(0), (a / b).toFixed(2)],
            ],
          },
        ],
        bounds: [atMost('verified, beside git log', a / b, LIMIT, { unit: '×', digits: 2 })],
      };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

/** Of the fetch after the branch has moved. */
async function fetchTime(remote: string, directory: string, signatures: Signatures, move: () => void): Promise<number> {
  const environment = { PATH: process.env.PATH, HOME: '/nonexistent' };
  const source = createSource({
    ...SOURCE_OPTIONS,
    url: remote,
    names: /(?:)/,
    directory,
    timeoutMs: 60_000,
    environment,
    signatures,
  });
  await source.fetch();
  move();
  const began = performance.now();
  await source.fetch();
  const took = performance.now() - began;
  if (source.unverified()) throw new Error('not accepted');
  await source.close();
  return took;
}
