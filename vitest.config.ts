import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    coverage: {
      include: ['src/core/**'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, branches: 90, functions: 95 },
    },
  },
});
