import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const {
  FAULTS,
  TEST_KUBECONFIG,
  HELM,
  TEST_IMAGE,
  TEST_SANDBOX,
  TEST_KUSTOMIZE,
  TEST_HELM,
  TEST_SOPS,
  TEST_BROWSER,
  YAML_READER,
  GITEA_URL,
} = process.env;

/** Tests that need a real part, whether it is there, and who brings it. Each has its place, so nothing is skipped. */
const OF_REAL_PARTS: readonly (readonly [files: string, isThere: boolean])[] = [
  // A cluster: test/cluster/real/run.sh. What is about the embedded API alone gives way to what holds it against a real one.
  ['test/sim/kubernetes/differential.test.ts', TEST_KUBECONFIG !== undefined],
  ['test/sim/kubernetes/embedded.test.ts', TEST_KUBECONFIG === undefined],
  // Helm: test/charts/run.sh.
  ['test/charts/rendered/**', HELM !== undefined],
  // Kubernetes' reader of YAML: test/base/yaml-differential/run.sh.
  ['test/base/yaml-differential/**', YAML_READER !== undefined],
  // The image: test/container/built/run.sh.
  ['test/container/built/**', TEST_IMAGE !== undefined],
  // The helper of the sandbox container: test/sandbox/real/run.sh.
  ['test/sandbox/real/**', TEST_SANDBOX !== undefined],
  // Helm: test/manifests/helm/real/run.sh.
  ['test/{manifests/helm/real/**,e2e/helm.test.ts}', TEST_HELM !== undefined],
  // sops: test/manifests/decryption/real/run.sh.
  ['test/manifests/decryption/real/**', TEST_SOPS !== undefined],
  // Chromium: test/ui/browser/run.sh, and the project of that name below.
  ['test/ui/browser/**', false],
  // kustomize: test/manifests/kustomize/real/run.sh.
  ['test/{manifests/kustomize/real/**,e2e/kustomize.test.ts}', TEST_KUSTOMIZE !== undefined],
  // Gitea, by hand: test/git-host/gitea.md.
  ['test/{e2e,git-host}/real-gitea.test.ts', GITEA_URL !== undefined],
  // All of them, and one file after the other: test/deploy/run.sh, with a configuration of its own.
  ['test/deploy/**', false],
];

/**
 * These change the process they run in, as nock does with `node:http`, or measure memory, or the turns that large inputs take,
 * which are several times as long in a worker that has grown to a gigabyte.
 */
const ALONE = [
  'test/base/yaml.test.ts',
  'test/cluster/connection/transport.test.ts',
  'test/git/tree.test.ts',
  'test/manifests/decryption/sops-decrypter.test.ts',
  'test/manifests/helm/edit/edit-chart.test.ts',
  'test/manifests/helm/turns.test.ts',
  'test/manifests/hostile-files.test.ts',
  'test/manifests/kustomize/turns.test.ts',
  'test/manifests/manifest-thread.test.ts',
  'test/registry-watch/authorization.test.ts',
];

/** These mock a module, which takes Vite's module runner. */
const MOCKING = [
  'test/git/git-process.test.ts',
  'test/git/object-reader-spawn.test.ts',
  'test/manifests/kustomize/divisions.test.ts',
  'test/sandbox/no-descriptors.test.ts',
];

/** On a real cluster these delete kinds while others run, whose garbage collection is held as long as not all can be listed. */
const DELETES_KINDS =
  TEST_KUBECONFIG === undefined
    ? []
    : [
        'test/e2e/helm-release.test.ts',
        'test/e2e/other-workloads.test.ts',
        'test/sim/kubernetes/lifecycle.test.ts',
        'test/sim/kubernetes/read.test.ts',
      ];

/** Code is loaded by Node itself: Vite's module runner was a third of the work of many files. */
const BY_NODE = { experimental: { viteModuleRunner: false, nodeLoader: false } };
/** A worker loads our code once, not once a file. */
const LOADED_ONCE = { ...BY_NODE, isolate: false };

const ASYNC_FUNCTION = fileURLToPath(new URL('test/support/async-function.mjs', import.meta.url));

// Threads that ended leave less memory behind: the more a worker has, the longer it takes to start a process, up to 30 ms.
process.env.MALLOC_ARENA_MAX ??= '2';
// Programs, threads and workers are compiled once, not at each start.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

// Real git, real sockets and child processes: generous for a machine with ten times its work, never waited out when green.
const PATIENCE = { testTimeout: 180_000, hookTimeout: 180_000 };

/** What drives the browser makes code from strings; what it tests runs in the browser, and beside it what `npm test` tests. */
const BROWSER: TestProjectConfiguration[] =
  TEST_BROWSER === undefined
    ? []
    : [{ test: { ...LOADED_ONCE, ...PATIENCE, name: 'browser', pool: 'forks', include: ['test/ui/browser/**/*.test.ts'] } }];

/** The more memory a worker has, the longer it takes to start a process: these start most, git above all. */
const START_PROCESSES =
  /\/test\/(git|faults\/one-failed-git|controller\/pull-requests|controller\/sync\/records|update|sandbox|cli)\//;

/** These take minutes with FAULTS=all, and their files are short: vitest would begin with them last. */
const SWEEPS = /\/one-/;

class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) =>
      2 * Number(!START_PROCESSES.test(moduleId)) + Number(!SWEEPS.test(moduleId));
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    ...PATIENCE,
    pool: 'forks',
    sequence: { sequencer: ProcessesFirst },
    execArgv: [
      // As the daemon runs: code made from strings, and `__proto__`, fail at once, in any module.
      ...['--disallow-code-generation-from-strings', '--disable-proto=delete', '--import', ASYNC_FUNCTION],
      // Less garbage collection: a tenth of the work otherwise.
      '--max-semi-space-size=48',
    ],
    // Most of the time is spent waiting for git, sockets and child processes; the more so in sweeps over faults.
    maxWorkers: FAULTS === 'all' ? 5 : 3,
    projects: [
      { extends: true, test: { ...BY_NODE, name: 'alone', include: ALONE } },
      { extends: true, test: { name: 'mocking', include: MOCKING } },
      ...BROWSER,
      // After all others.
      { extends: true, test: { ...LOADED_ONCE, name: 'deletes kinds', include: DELETES_KINDS, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          ...LOADED_ONCE,
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...configDefaults.exclude,
            ...ALONE,
            ...MOCKING,
            ...DELETES_KINDS,
            ...OF_REAL_PARTS.filter(([, isThere]) => !isThere).map(([files]) => files),
          ],
        },
      },
    ],
  },
});
