import { configDefaults, defineConfig } from 'vitest/config';

const onRealCluster = process.env.TEST_KUBECONFIG !== undefined;

/** What is about the embedded API alone, and what holds it against a real one: each has its place, so nothing is skipped. */
const notHere = onRealCluster ? 'test/sim/kubernetes/embedded.test.ts' : 'test/sim/kubernetes/differential.test.ts';

/** Needs the real Helm, which test/charts/run.sh brings. */
const ofHelm = process.env.HELM === undefined ? ['test/charts/rendered/**'] : [];

/** Needs the image, which test/container/built/run.sh builds. */
const ofImage = process.env.TEST_IMAGE === undefined ? ['test/container/built/**'] : [];

/** These change the process they run in, as nock does with `node:http`, or measure its memory. */
const ALONE = [
  'test/base/yaml.test.ts',
  'test/cluster/connection/transport.test.ts',
  'test/git/tree.test.ts',
  'test/registry-watch/authorization.test.ts',
];

export default defineConfig({
  test: {
    // Real git, real sockets and child processes: generous for a machine with ten times its work, never waited out when green.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    // As the daemon runs: code made from strings fails at once, whoever tries it.
    execArgv: ['--disallow-code-generation-from-strings'],
    // Most of the time is spent waiting for git, sockets and child processes.
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          // test/deploy is a suite of its own, with its own configuration.
          exclude: [...configDefaults.exclude, ...ALONE, ...ofHelm, ...ofImage, notHere, 'test/deploy/**'],
          // A worker loads our code once, not once a file: that was a third of the work.
          isolate: false,
        },
      },
    ],
  },
});
