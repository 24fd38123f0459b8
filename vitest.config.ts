import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real git, real sockets and child processes: generous for a loaded two-core machine, never waited out when green.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most of the time is spent waiting for git, sockets and child processes.
    maxWorkers: 3,
  },
});
