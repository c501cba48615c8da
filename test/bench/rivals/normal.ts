import { createRequire } from 'node:module';

/** Loaded before the ledger: makes NORMAL of the FULL that it asks for, and changes nothing else. */
const Database = createRequire(import.meta.url)('better-sqlite3') as {
  readonly prototype: { pragma: (this: unknown, text: string, options?: unknown) => unknown };
};
const { prototype } = Database;
const pragma = prototype.pragma;
prototype.pragma = function (text, options) {
  return pragma.call(this, text === 'synchronous = FULL' ? 'synchronous = NORMAL' : text, options);
};
