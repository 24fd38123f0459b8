import { configDefaults, defineConfig } from 'vitest/config';

const onRealCluster = process.env.TEST_KUBECONFIG !== undefined;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // What is about the embedded API alone, and what holds it against a real one: each has its place, so nothing is skipped.
    exclude: [
      ...configDefaults.exclude,
      onRealCluster ? 'test/sim/kubernetes/embedded.test.ts' : 'test/sim/kubernetes/differential.test.ts',
    ],
    // Real git, real sockets and child processes: generous for a loaded two-core machine, never waited out when green.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // As the daemon runs: code made from strings fails at once, whoever tries it.
    execArgv: ['--disallow-code-generation-from-strings'],
    // Most of the time is spent waiting for git, sockets and child processes.
    maxWorkers: 3,
  },
});
