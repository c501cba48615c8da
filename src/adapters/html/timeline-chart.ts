import * as Plot from '@observablehq/plot';
import { OUTCOMES, SLOTS_MS, type ChartOutcome, type Timeline } from '../../core/page-timeline.js';
import { figure, isNarrow, type ChartText, type LegendKey } from './figure.js';
import type { Markup } from './markup.js';

const OUTCOME_NAMES: Readonly<Record<ChartOutcome, string>> = {
  granted: 'granted',
  refused: 'refused',
  throttled: 'throttled',
  lost: 'no usable answer',
  look_up: 'look-ups and other calls',
};

/** Requests a second by outcome, over the time of one run, with the rate it asked for and what held it. */
export function timelineChart(timeline: Timeline, text: ChartText): Markup {
  const seconds = timeline.slotMs / 1000;
  const bars = timeline.slots.flatMap(({ fromMs, toMs, counts }) =>
    OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => ({
      from: new Date(fromMs),
      to: new Date(toMs),
      perSecond: counts[outcome] / seconds,
      outcome,
    })),
  );
  const target = timeline.askedPerSecond;
  const legend = OUTCOMES.filter((outcome) => bars.some((bar) => bar.outcome === outcome));
  return figure(text, [...legend.map(outcomeKey), ...markKeys(timeline)], (width) => ({
    height: 240,
    marginRight: 30,
    x: {
      type: 'utc',
      label: null,
      ticks: timesOf(timeline, isNarrow(width) ? 4 : 8),
      tickFormat: clockFace(timeline),
    },
    y: { label: 'requests a second', grid: true, nice: true, ticks: 6 },
    marks: [
      Plot.rect(holdsWithin(timeline), { x1: 'from', x2: 'to', fill: 'var(--hold)' }),
      Plot.rectY(bars, {
        x1: 'from',
        x2: 'to',
        y: 'perSecond',
        fill: (bar: (typeof bars)[number]) => `var(--${bar.outcome})`,
        order: [...OUTCOMES],
        z: 'outcome',
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      ...(target === null
        ? []
        : [Plot.ruleY([target], { stroke: 'var(--ink)', strokeDasharray: '5 3', strokeWidth: 1.5 })]),
      Plot.ruleY([0]),
    ],
  }));
}

/** Where the time axis has its ticks: at so many round times at most, and where slots begin. */
function timesOf({ slots, slotMs }: Timeline, countMax: number): readonly Date[] {
  const firstMs = slots[0]?.fromMs ?? 0;
  const lastMs = slots.at(-1)?.fromMs ?? 0;
  const everyMs =
    SLOTS_MS.find((widthMs) => widthMs >= slotMs && (lastMs - firstMs) / widthMs < countMax) ??
    Math.ceil((lastMs - firstMs) / countMax / slotMs) * slotMs;
  const begins = slots.map(({ fromMs }) => fromMs);
  const round = begins.filter((fromMs) => fromMs % everyMs === 0);
  return (round.length > 0 ? round : [firstMs]).map((atMs) => new Date(atMs));
}

/** Times of the day, or, where a run lasted longer, with the day. */
function clockFace({ slots, slotMs }: Timeline): (at: Date) => string {
  const lastedMs = (slots.at(-1)?.toMs ?? 0) - (slots[0]?.fromMs ?? 0);
  const from = lastedMs > 2 * DAY_MS ? 5 : 11;
  const to = slotMs < 30_000 ? 19 : 16;
  return (at) =>
    at
      .toISOString()
      .slice(from, from === 5 ? 16 : to)
      .replace('T', ' ');
}

const DAY_MS = 86_400_000;

function outcomeKey(outcome: ChartOutcome): LegendKey {
  return { swatch: outcome, name: OUTCOME_NAMES[outcome] };
}

function markKeys({ askedPerSecond, holds }: Timeline): readonly LegendKey[] {
  return [
    ...(askedPerSecond === null ? [] : [{ swatch: 'target', name: `asked for: ${askedPerSecond} a second` }]),
    ...(holds.length === 0 ? [] : [{ swatch: 'hold', name: 'held' }]),
  ];
}

/** What lies within the time that is drawn. */
function holdsWithin({ holds, slots }: Timeline): readonly { from: Date; to: Date }[] {
  const firstMs = slots[0]?.fromMs ?? 0;
  const lastMs = slots.at(-1)?.toMs ?? 0;
  return holds
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, firstMs), toMs: Math.min(toMs, lastMs) }))
    .filter(({ fromMs, toMs }) => toMs > fromMs)
    .map(({ fromMs, toMs }) => ({ from: new Date(fromMs), to: new Date(toMs) }));
}
