import { resolve } from 'node:path';
import { Registry } from 'prom-client';
import type { Metrics } from '../../ports/observer.js';
import { makeCounters } from './counters.js';
import { assertReplaceable, replaceFile } from './file.js';
import { setGauges } from './gauges.js';

/**
 * A run's figures as Prometheus text through prom-client, in a file for node_exporter's textfile collector. Each
 * series carries the ledger's absolute path: the files of two migrations may lie side by side. Throws
 * UserError('usage') where the file isn't one that may be replaced.
 */
export function openMetrics(options: {
  readonly file: string;
  readonly ledgerPath: string;
  readonly version: string;
}): Metrics {
  const { file, version } = options;
  assertReplaceable(file);
  const labels = { ledger: resolve(options.ledgerPath) };
  const counted = new Registry();
  counted.setDefaultLabels(labels);
  const counters = makeCounters(counted);
  return {
    answered: counters.answered,
    ended: counters.ended,
    write: async (figures) => {
      if (figures.snapshot !== null) counters.setHeld(figures.snapshot.held);
      const momentary = new Registry();
      momentary.setDefaultLabels(labels);
      setGauges(momentary, figures, version);
      await replaceFile(file, `${await momentary.metrics()}\n${await counted.metrics()}`);
    },
  };
}
