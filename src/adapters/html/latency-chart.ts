import * as Plot from '@observablehq/plot';
import type { LatencySummary } from '../../core/page-latency.js';
import { figure, isNarrow, wholeCount, type ChartText } from './figure.js';
import type { Markup } from './markup.js';
import { duration } from './words.js';

/** How many submissions took how long, on a logarithmic scale. */
export function latencyChart({ bins, p50Ms, p95Ms, p99Ms }: LatencySummary, text: ChartText): Markup {
  const marks = [
    { name: 'p50', ms: p50Ms, line: 0 },
    { name: 'p95', ms: p95Ms, line: 1 },
    { name: 'p99', ms: p99Ms, line: 2 },
  ];
  return figure(text, [], (width) => ({
    height: 220,
    marginTop: 50,
    marginBottom: 40,
    marginLeft: 55,
    x: {
      type: 'log',
      label: 'time, on a logarithmic scale',
      ticks: roundTimes(bins, isNarrow(width) ? 4 : 9),
      tickFormat: (ms: number) => duration(ms),
    },
    y: { label: 'submissions', grid: true, nice: true, ticks: 5, tickFormat: wholeCount },
    marks: [
      Plot.rect(bins, {
        x1: 'fromMs',
        x2: 'toMs',
        y1: 0,
        y2: 'count',
        fill: 'var(--granted)',
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      Plot.ruleY([0]),
      Plot.ruleX(marks, { x: 'ms', stroke: 'var(--ink)', strokeDasharray: '4 3' }),
      ...marks.map((mark) =>
        Plot.text([mark], {
          x: 'ms',
          text: () => `${mark.name} ${duration(mark.ms)}`,
          frameAnchor: 'top',
          dy: -42 + 14 * mark.line,
          dx: isFarRight(bins, mark.ms) ? -3 : 3,
          textAnchor: isFarRight(bins, mark.ms) ? 'end' : 'start',
          fontWeight: 600,
        }),
      ),
    ],
  }));
}

/** Whether a text that begins there could run out of the drawing. */
function isFarRight(bins: LatencySummary['bins'], ms: number): boolean {
  const from = Math.log(bins[0]?.fromMs ?? 1);
  const to = Math.log(bins.at(-1)?.toMs ?? 1);
  return Math.log(Math.max(1, ms)) - from > 0.6 * (to - from);
}

/** Finest first: what a decade is divided by. */
const DIVISIONS: readonly (readonly number[])[] = [
  [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9],
  [1, 2, 3, 5],
  [1, 2, 5],
  [1, 3],
  [1],
];

/** Round times between the first bin and the last, at most so many; where there are hardly any, those two. */
function roundTimes(bins: LatencySummary['bins'], countMax: number): readonly number[] {
  const from = bins[0]?.fromMs ?? 1;
  const to = bins.at(-1)?.toMs ?? 1;
  const decades = Array.from({ length: 8 }, (_, power) => 10 ** power);
  const divided = DIVISIONS.map((steps) =>
    decades.flatMap((decade) => steps.map((step) => step * decade)).filter((ms) => ms >= from && ms <= to),
  );
  const round = divided.find((times) => times.length <= countMax) ?? [];
  return round.length < 2 ? [from, to] : round;
}
