import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Forbids the imports that `regex` matches, and the dynamic imports that `dynamic` selects. */
const arrow = (files, regex, message, dynamic = 'ImportExpression') => ({
  files,
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ regex, message }] }],
    'no-restricted-syntax': ['error', { selector: dynamic, message }],
  },
});

/** The arrows of the house: main → cli → context → jobs, adapters → ports → core. */
const arrows = [
  arrow(
    ['src/core/**'],
    '^(?!\\./|zod$|node:crypto$)',
    'core is pure: it imports only core (zod and node:crypto compute, and do no I/O)',
  ),
  arrow(['src/ports/**'], '^(?!\\./|\\.\\./core/)', 'ports are types over core'),
  arrow(
    ['src/adapters/*/**'],
    '^\\.\\./(?!\\.\\./(core|ports)/)',
    'an adapter knows core and ports, never a sibling',
  ),
  arrow(
    ['src/cli/**'],
    'adapters/|simulator/',
    'a command reaches adapters through the composition root, context.ts',
    'ImportExpression[source.value=/adapters|simulator/]',
  ),
  arrow(['src/simulator/**'], '^\\.\\./(?!core/)', 'the simulator stands for Nylas: it knows only core'),
  arrow(
    ['src/*.ts'],
    '^(?!\\./((core|ports)/|[a-z-]+\\.js$)|p-limit$)',
    'a job reaches the world through ports',
  ),
];

const forbiddenInCore = {
  files: ['src/core/**'],
  rules: {
    'no-restricted-globals': [
      'error',
      ...['process', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'performance', 'Buffer'],
    ],
    'no-restricted-properties': [
      'error',
      { object: 'Math', property: 'random', message: 'randomness is passed in' },
      { object: 'Date', property: 'now', message: 'time is passed in' },
    ],
  },
};

export default defineConfig(
  globalIgnores(['dist', 'coverage', 'demo-out']),
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 15],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/main.ts', 'src/index.ts'],
    rules: { 'no-restricted-globals': ['error', 'process'] },
  },
  ...arrows,
  // The composition root is where adapters are chosen, lazily: what a command doesn't use isn't loaded. The others are
  // the ends of the house: what a process and what a program enter by, and what says which build they entered.
  {
    files: ['src/context.ts', 'src/main.ts', 'src/index.ts', 'src/version.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off', 'no-restricted-syntax': 'off' },
  },
  forbiddenInCore,
  { files: ['test/**'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['eslint.config.js'], extends: [tseslint.configs.disableTypeChecked] },
);
