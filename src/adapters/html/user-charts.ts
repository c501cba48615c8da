import * as Plot from '@observablehq/plot';
import { formatCount } from '../../core/counted.js';
import { STANDINGS, type ProviderRow, type Standing } from '../../core/page-providers.js';
import type { AttemptsCount } from '../../core/statistics.js';
import { figure, isNarrow, wholeCount, type ChartText } from './figure.js';
import type { Markup } from './markup.js';

/** How the records of each provider stand. */
export function providerChart(rows: readonly ProviderRow[], text: ChartText): Markup {
  const providers = rows.map(({ provider }) => provider);
  const bars = rows
    .flatMap(({ provider, counts }) =>
      STANDINGS.map((standing) => ({ provider, standing, count: counts[standing] })),
    )
    .filter(({ count }) => count > 0);
  const legend = STANDINGS.filter((standing) => bars.some((bar) => bar.standing === standing));
  return figure(
    text,
    legend.map((standing) => ({ swatch: classOf(standing), name: standing })),
    (width) => ({
      height: 60 + 32 * providers.length,
      marginBottom: 40,
      marginLeft: 105,
      marginRight: 25,
      x: { label: 'users', grid: true, ticks: isNarrow(width) ? 3 : 8, tickFormat: wholeCount },
      y: { label: null, domain: providers },
      marks: [
        Plot.barX(bars, {
          x: 'count',
          y: 'provider',
          fill: (bar: (typeof bars)[number]) => `var(--${classOf(bar.standing)})`,
          order: [...STANDINGS],
          z: 'standing',
        }),
        Plot.ruleX([0]),
      ],
    }),
  );
}

/** How many attempts records took. */
export function attemptsChart(attempts: readonly AttemptsCount[], text: ChartText): Markup {
  return figure(text, [], (width) => ({
    height: 200,
    marginBottom: 40,
    marginLeft: 55,
    x: { label: 'attempts', domain: attempts.map((entry) => entry.attempts) },
    y: { label: 'users', grid: true, nice: true, ticks: 5, tickFormat: wholeCount },
    marks: [
      Plot.barY(attempts, { x: 'attempts', y: 'records', fill: 'var(--granted)' }),
      Plot.text(attempts, {
        x: 'attempts',
        y: 'records',
        text: ({ records }: AttemptsCount) => formatCount(records),
        dy: -7,
        fontSize: isNarrow(width) ? 10 : 11,
      }),
      Plot.ruleY([0]),
    ],
  }));
}

/** `a person must act` → `a-person-must-act`. */
function classOf(standing: Standing): string {
  return standing.replaceAll(' ', '-');
}
