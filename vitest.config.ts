import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // The tests of whole processes wait a lot: three files at once fill two cores.
    maxWorkers: 3,
    // Whole processes race with each other on machines that others share: what fails twice is a failure.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    coverage: {
      include: ['src/core/**'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, branches: 90, functions: 95 },
    },
  },
});
