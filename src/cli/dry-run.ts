import { existsSync } from 'node:fs';
import { clock, openPlanning, renderers } from '../context.js';
import type { OptionValues } from '../config.js';
import { planOnly } from '../plan-only.js';
import { EXIT } from '../core/exit-codes.js';
import { readingOf, scopeOf, sourceOf } from './input.js';
import type { RUN } from './options.js';
import { print, type Shell } from './shell.js';

/** `run --dry-run`: plans every row against the ledger, and neither submits nor writes anything. */
export async function dryRun(
  values: OptionValues<typeof RUN>,
  args: readonly string[],
  shell: Shell,
): Promise<number> {
  const source = await sourceOf(values, args, shell);
  const ledger = existsSync(values.ledger) ? await openPlanning(values.ledger) : null;
  try {
    const plan = await planOnly(source, ledger, {
      reading: readingOf(values),
      scope: scopeOf(values, shell),
      retryTargets: new Set(values.retry),
      existing: values.existing,
      limit: values.limit,
      limitPerProvider: values.limitPerProvider,
      nowMs: clock.now(),
      ratePerSecond: values.rate,
    });
    const text = values.json ? JSON.stringify(plan, null, 2) : (await renderers.dryRun())(plan);
    await print(shell.stdout, text);
    return EXIT.done;
  } finally {
    ledger?.close();
  }
}
