import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failingGit } from '../../git/support/failing-git.ts';
import { processesWith } from '../../git/support/processes.ts';
import { createRemote, type Remote, sourceOf, temporaryDirectory } from '../../git/support/repository.ts';
import { FakeRegistry } from '../../registry-watch/fake-registry.ts';
import { recordedInGit } from '../../support/recorded-in-git.ts';
import { requestsTo } from '../../support/requests-to.ts';
import { thorough } from '../../support/sampled.ts';
import { type Engine, startEngine } from '../engine.ts';
import { namespace, yaml } from '../manifests.ts';
import { expectSigned, signedBy } from './signed.ts';

export const MINUTE = 60_000;

/** What a git that was killed may leave in the mirror, whatever it was about to write. */
const LOCKS = [
  'HEAD',
  'config',
  'packed-refs',
  'refs/heads/main',
  'refs/tags/flux-sync',
  'refs/notes/flux',
  'refs/notes/flux-sync',
  'refs/notes/unpushed.fluxd/flux',
  'refs/notes/unpushed.fluxd/flux-sync',
];

export const FAULTS = {
  'loses its connection': () => 'echo "fatal: the remote end hung up unexpectedly" >&2; exit 128',
  'is killed': () => 'kill -KILL $$',
  // Of a push Git learns by the answer alone that it was taken.
  'loses its connection after all was done': () => `[ -d "$GIT_DIR/refs" ] && cp -R "$GIT_DIR/refs" "$GIT_DIR/before"
"$GIT" "$@"
if [ "$1" = push ]; then rm -rf "$GIT_DIR/refs"; mv "$GIT_DIR/before" "$GIT_DIR/refs"; else rm -rf "$GIT_DIR/before"; fi
echo "fatal: the remote end hung up unexpectedly" >&2; exit 128`,
  'is killed while it holds locks': () => `cd "$GIT_DIR" || kill -KILL $$
[ "$1" = cat-file ] || for lock in ${LOCKS.join(' ')}; do [ -d "$(dirname "$lock")" ] && : >"$lock.lock"; done
[ -z "$GIT_INDEX_FILE" ] || : >"$GIT_INDEX_FILE.lock"
kill -KILL $$`,
  'comes right after somebody else’s push': ({ path }: Remote) => `(
  unset $(env | sed -n 's/^\\(GIT_[A-Z_0-9]*\\)=.*/\\1/p' | grep -v '^GIT$')
  cd '${path}' || exit 1
  export GIT_INDEX_FILE='${path}/theirs' GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=Ann GIT_COMMITTER_EMAIL=a@b
  "$GIT" read-tree main
  "$GIT" update-index --add --cacheinfo "100644,$(echo theirs | "$GIT" hash-object -w --stdin),theirs.txt"
  "$GIT" update-ref refs/heads/main "$("$GIT" commit-tree $("$GIT" config test.sign) -p main -m 'By a person' "$("$GIT" write-tree)")"
) </dev/null >/dev/null 2>&1
exec "$GIT" "$@"`,
  'never ends': () => 'exec sleep 600',
};
export type Fault = keyof typeof FAULTS;

export const EACH_FAULT = Object.keys(FAULTS) as readonly Fault[];

const web = (image: string, annotations: Readonly<Record<string, string>>) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', annotations },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
  },
});

/** What a scenario has: everything is real but the cluster and the time. */
interface Life {
  readonly remote: Remote;
  readonly registry: FakeRegistry;
  readonly engine: Engine;
  readonly image: (tag: string) => string;
  /** How often the scenario took place before. */
  readonly turn: number;
}

export interface Scenario {
  readonly automated?: boolean;
  /** True: git fails from the very start on, not after a first sync. */
  readonly fromStart?: boolean;
  readonly during?: (life: Life) => Promise<void>;
  /** True: it can take place again where it ended, which saves most of the time. */
  readonly goesOn?: boolean;
  /** True: only the next poll shows what is new. */
  readonly isPolled?: boolean;
  /** The number of its git processes, at least; 6 by default. */
  readonly processes?: number;
  /** True: the repository is signed, and the daemon signs and verifies. */
  readonly signed?: boolean;
  /** Further flags of the daemon. */
  readonly flags?: readonly string[];
  /** Subjects of our own new commits in the end. */
  readonly commits: (life: Life) => readonly string[];
}

/** Turns of a life: fewer than make a daemon pack its mirror, which would run some time or other. */
const TURNS = 4;

/** A daemon whose git processes fail as told. Nothing runs before the first turn if it fails from the start. */
async function begin(registry: FakeRegistry, pending: () => number, scenario: Scenario, fault: Fault) {
  const { during, commits, isPolled = false, fromStart = false, automated = false, signed = false, goesOn = false } = scenario;
  const image = (tag: string) => `${registry.name}:${tag}`;
  registry.push('1.0.0', '2030-01-01T00:00:00Z');
  for (let turn = 1; turn <= TURNS; turn += 1) {
    if (automated) registry.remove(`1.${turn}.0`);
    else registry.push(`1.${turn}.0`, `2030-01-02T00:00:0${turn}Z`);
  }
  const annotations = automated ? { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:~1' } : {};
  const remote = createRemote({ 'all.yaml': yaml(namespace('shop')), 'web.yaml': yaml(web(image('1.0.0'), annotations)) });
  const signatures = signed ? await signedBy(remote) : undefined;
  const first = remote.git('rev-parse', 'main');
  const git = failingGit();
  const directory = join(temporaryDirectory(), 'mirror');
  const source = sourceOf(`file://${remote.path}`, {
    directory,
    environment: { ...process.env, PATH: git.path },
    timeoutMs: fault === 'never ends' ? 4_000 : 60_000,
    ...(signatures ? { signatures } : {}),
  });
  const flags = [
    '--registry-disable-scanning=false',
    '--registry-insecure-host=127.0.0.1',
    '--automation-gather=0s',
    ...(scenario.flags ?? []),
  ];
  const start = () => startEngine({}, { source: recordedInGit(source), pending, flags });
  const lines = (...args: string[]) =>
    remote
      .git(...args)
      .split('\n')
      .filter(Boolean);
  const history = () =>
    lines('log', '--format=%H|%s|%(trailers:key=Flux-Job-Id,valueonly)', 'main').map((line) => {
      const [revision = '', subject = '', job = ''] = line.split('|');
      return { revision, subject, isOurs: job !== '' };
    });
  let engine: Engine | undefined;
  let turn = 0;

  return {
    /** Whether another turn is possible. */
    goesOn: () => goesOn && turn < TURNS,

    /** Goes through the scenario while one git process fails. Says whether that has begun. */
    async live(which: number | string): Promise<boolean> {
      const started = join(temporaryDirectory(), 'started');
      const fail = () => git.replace(which, `: >'${started}'\n${FAULTS[fault](remote)}`);
      if (fromStart) fail();
      engine ??= await start();
      turn += 1;
      const life = { remote, registry, engine, image, turn };
      if (!fromStart) {
        await synced(life);
        fail();
      }
      const before = new Set(history().map(({ revision }) => revision));
      const from = engine.clock.now();
      await during?.(life);
      await synced(life);
      const tookMs = engine.clock.now() - from;
      // Health of the revision before is recorded afterwards, in a process of its own, which is retried if it was the one to fail.
      await engine.time.pass(5_000);
      await synced(life);
      await engine.time.pass(1_000);

      const hasFailed = existsSync(started);
      const isRace = hasFailed && fault === 'comes right after somebody else’s push';
      const all = history();
      const fresh = all.filter(({ revision }) => !before.has(revision));
      const notes = lines('for-each-ref', 'refs/notes/flux').length === 0 ? [] : lines('notes', '--ref=flux', 'list');
      const where = `${fault}: ${which}, turn ${turn}`;
      expect(
        fresh.filter(({ isOurs }) => isOurs).map(({ subject }) => subject),
        where,
      ).toEqual(commits(life));
      expect(new Set(notes.map((line) => line.split(' ')[1])), where).toEqual(
        new Set(all.filter(({ isOurs }) => isOurs).map(({ revision }) => revision)),
      );
      expect(fresh.filter(({ subject }) => subject === 'By a person').length, where).toBe(isRace ? 1 : 0);
      expect(remote.git('merge-base', first, 'main'), where).toBe(first);
      expect(all.length, where).toBe(before.size + fresh.length);
      expect(JSON.parse(remote.git('notes', '--ref=flux-sync', 'show', 'main')), where).toMatchObject({ counts: {} });
      if (signed) expectSigned(remote, where);
      expect(leftIn(directory), where).toEqual([]);
      expect(
        processesWith(`GIT_DIR=${directory}`).filter((line) => !line.includes('cat-file')),
        where,
      ).toEqual([]);
      expect([engine.running(), source.state()], where).toEqual([true, { status: 'ready' }]);
      // Somebody's push is seen by a poll; everything else is tried again much sooner.
      expect(tookMs, where).toBeLessThan((isPolled ? 5.5 : 0.5) * MINUTE + (isRace ? 5 * MINUTE : 0));
      return hasFailed;
    },

    /** At most so many daemons are there at once. */
    end: () => engine?.stop(),
  };
}

/** Lets time go by until the head is synced and written down. Refs are read as files: this is asked at each turn. */
async function synced({ engine, remote }: Life): Promise<void> {
  const ref = (name: string) => {
    const file = join(remote.path, name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  };
  let seen: string | undefined;
  let tagged: string | undefined;
  await engine.time.until(
    'the head is synced and recorded',
    () => {
      const now = ['refs/heads/main', 'refs/tags/flux-sync', 'refs/notes/flux-sync'].map(ref);
      if (now.includes(undefined)) return false;
      if (seen !== now.join()) {
        seen = now.join();
        tagged = remote.git('rev-parse', 'flux-sync^{commit}');
      }
      return tagged === now[0] && engine.daemon.readiness().ready && engine.log.at(-1)?.msg !== 'step failed';
    },
    11 * MINUTE,
  );
}

/** What has no place in a mirror at rest. */
function leftIn(directory: string): readonly string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /^(index|build|old)-|\.lock$|\/tmp_/.test(name));
}

/** The faults of which each takes its turn at each git process, and one that is always tried, at a command. */
export interface Tried {
  readonly faults: readonly Fault[];
  readonly always?: readonly [fault: Fault, command: string];
}

/** All or nothing is lost when one git process of a scenario comes to nothing, nothing is done twice, and whoever waits for a job is told the truth. */
export function losesNothing(name: string, scenario: Scenario, { faults, always }: Tried): void {
  describe(`one git process that comes to nothing during ${name}`, () => {
    // One for all, so that all begin with the same repository, which is made once.
    const registry = new FakeRegistry();
    let pending = () => 0;
    beforeAll(async () => {
      await registry.listen();
      pending = requestsTo(registry.host);
    });
    afterAll(() => registry.close());

    test.for(always ? [always] : [])('it %s (%s)', async ([fault, command]) => {
      const life = await begin(registry, pending, scenario, fault);
      expect(await life.live(command)).toBe(true);
    });

    test.runIf(thorough(`each git process of ${name}, failing in each way`)).for(faults)(
      'whichever it is: it %s',
      { timeout: 600_000 },
      async (fault) => {
        let life = await begin(registry, pending, scenario, fault);
        let n = 1;
        while (await life.live(n)) {
          n += 1;
          if (life.goesOn()) continue;
          await life.end();
          life = await begin(registry, pending, scenario, fault);
        }
        expect(n).toBeGreaterThan(scenario.processes ?? 6);
      },
    );
  });
}
