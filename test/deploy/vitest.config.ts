import { defineConfig } from 'vitest/config';

/** `npm run test:deploy`: one cluster for all, which has one node. So one file after the other, as a person would try things. */
export default defineConfig({
  test: {
    include: ['test/deploy/**/*.test.ts'],
    globalSetup: 'test/deploy/harness/prepare.ts',
    fileParallelism: false,
    pool: 'forks',
    // Pods are pulled, started and killed; never waited out when green.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
