import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { start } from '../../e2e/harness/process.ts';
import { startSite } from '../../faults/world.ts';
import { sampled, thorough } from '../../support/sampled.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { haveSshKeygen, replacedSshKeygen } from '../support/ssh-keygen.ts';

const SECRETS = 'api/v1/namespaces/flux/secrets';
const PROGRAM = join(import.meta.dirname, 'daemon-process.ts');

/** Where a daemon is killed: by its ssh-keygen, or when the API server receives a write. */
interface Point {
  readonly where: string;
  readonly act: 'generate' | 'regenerate';
  readonly keygen?: string;
  readonly write?: 'lost' | 'carried out';
}

const WAYS: readonly Omit<Point, 'act'>[] = [
  { where: 'before ssh-keygen', keygen: 'kill -KILL $PPID' },
  { where: 'while ssh-keygen writes', keygen: 'for last; do :; done; echo half >"$last"; kill -KILL $PPID; sleep 0.1' },
  { where: 'after ssh-keygen', keygen: '"$KEYGEN" "$@"; kill -KILL $PPID' },
  { where: 'before the write arrives', write: 'lost' },
  { where: 'before the answer to the write', write: 'carried out' },
];
const POINTS: readonly Point[] = WAYS.flatMap((way) => [
  { ...way, act: 'generate' as const },
  { ...way, act: 'regenerate' as const },
]);

test.runIf(haveSshKeygen() && thorough('a daemon killed while it makes a key'))(
  'a daemon killed at any point leaves no half key, and the next one goes on',
  async () => {
    const { person, proxy } = await startSite();
    await person.create('api/v1/namespaces', { metadata: { name: 'flux' } });
    for (const { where, act, keygen, write } of sampled('points at which a daemon with a new key is killed', POINTS, 4)) {
      const directory = join(temporaryDirectory(), 'ssh');
      const daemon = (doing: string, PATH = process.env.PATH ?? '') =>
        start(process.execPath, [PROGRAM, proxy.kubeconfig, directory, doing], { env: { PATH, HOME: '/nonexistent' } });
      const publicKey = async () => (await daemon('generate').finished).stdout;
      await person.create(SECRETS, { metadata: { name: 'flux-git-deploy' } });
      const before = act === 'regenerate' ? await publicKey() : undefined;

      // Only a generation is a command with -N; the public half is read by -y.
      const script = keygen && `case "$*" in *' -y '*|-y*) exec "$KEYGEN" "$@";; esac; ${keygen}`;
      const killed = daemon(act, script === undefined ? undefined : replacedSshKeygen(script));
      proxy.intercept = ({ method }) => {
        if (method === 'GET' || write === undefined) return undefined;
        killed.kill('SIGKILL');
        return write === 'lost' ? { kind: 'drop' } : undefined;
      };
      expect((await killed.finished).stdout, where).toBe('');
      proxy.intercept = undefined;

      const after = await publicKey();
      const { data } = await person.get(`${SECRETS}/flux-git-deploy`);
      const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
      expect(text('identity.pub'), where).toBe(after);
      expect(readFileSync(join(directory, 'identity'), 'utf8'), where).toBe(text('identity'));
      const isNew = before === undefined || write === 'carried out';
      if (before !== undefined) expect(after === before, `${act}: ${where}`).toBe(!isNew);
      expect(readdirSync(directory).sort(), where).toEqual(
        before !== undefined && isNew ? ['identity', 'identity.previous'] : ['identity'],
      );
      await person.delete(`${SECRETS}/flux-git-deploy`);
    }
  },
);
