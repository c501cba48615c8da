import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // The tests of whole processes wait a lot: three files at once fill two cores.
    maxWorkers: 3,
    coverage: {
      include: ['src/core/**'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, branches: 90, functions: 95 },
    },
  },
});
