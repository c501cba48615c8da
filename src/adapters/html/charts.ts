import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { formatCount } from '../../core/counted.js';
import type { StateCount } from '../../core/ledger-rows.js';
import type { LatencySummary } from '../../core/page-latency.js';
import { OUTCOMES, type ChartOutcome, type Timeline } from '../../core/page-timeline.js';
import type { Status } from '../../core/category.js';
import type { AttemptsCount } from '../../core/statistics.js';
import { escapeText, html, Markup } from './markup.js';
import { duration } from './words.js';

/** Drawn twice: text in a drawing that is scaled down can't be read on a phone. */
const WIDTHS = { wide: 760, narrow: 350 } as const;
const NARROW_MAX = 500;

/** What a chart says in words, for those who can't see it. */
export interface ChartText {
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

/** The least that is needed of an element of whatever DOM. */
interface Element {
  readonly outerHTML: string;
  readonly querySelectorAll: (selector: string) => Iterable<Element>;
  readonly getAttributeNames: () => readonly string[];
  readonly setAttribute: (name: string, value: string) => void;
  readonly removeAttribute: (name: string) => void;
  readonly remove: () => void;
}

const { document } = parseHTML('<!doctype html><html><body></body></html>') as {
  readonly document: unknown;
};

const OUTCOME_NAMES: Readonly<Record<ChartOutcome, string>> = {
  granted: 'granted',
  refused: 'refused',
  throttled: 'throttled',
  lost: 'no usable answer',
  look_up: 'look-ups and other calls',
};

/** How the records of one provider stand, as the chart tells them apart. */
export const STANDINGS = ['migrated', 'a person must act', 'a rerun will do', 'undone'] as const;

export type Standing = (typeof STANDINGS)[number];

const STANDING_OF: Readonly<Record<Status, Standing>> = {
  migrated: 'migrated',
  failed: 'a person must act',
  pending: 'a rerun will do',
  submitting: 'a rerun will do',
  in_doubt: 'a rerun will do',
  undone: 'undone',
};

/** A connector or a key is not mended by a rerun. */
export function standingOf({ status, category }: Pick<StateCount, 'status' | 'category'>): Standing {
  return category === 'misconfigured' ? 'a person must act' : STANDING_OF[status];
}

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
      ticks: timesOf(timeline, width < NARROW_MAX ? 4 : 8),
      tickFormat: clockFace(timeline),
    },
    y: { label: 'a second', grid: true, nice: true, ticks: 6 },
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

/** Where the time axis has its ticks: of few slots each is named, and nothing between two. */
function timesOf({ slots }: Timeline, countMax: number): number | readonly Date[] {
  return slots.length > countMax ? countMax : slots.map(({ fromMs }) => new Date(fromMs));
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
    marginLeft: 55,
    x: {
      type: 'log',
      label: null,
      ticks: roundTimes(bins, width < NARROW_MAX ? 4 : 12),
      tickFormat: (ms: number) => duration(ms),
    },
    y: { label: null, grid: true, nice: true, ticks: 5, tickFormat: wholeCount },
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

/** Round times between the first bin and the last, at most so many. */
function roundTimes(bins: LatencySummary['bins'], countMax: number): readonly number[] {
  const from = bins[0]?.fromMs ?? 1;
  const to = bins.at(-1)?.toMs ?? 1;
  const decades = Array.from({ length: 8 }, (_, power) => 10 ** power);
  const within = (steps: readonly number[]): readonly number[] =>
    decades.flatMap((decade) => steps.map((step) => step * decade)).filter((ms) => ms >= from && ms <= to);
  const fine = within([1, 2, 5]);
  if (fine.length <= countMax) return fine;
  const coarse = within([1, 3]);
  return coarse.length <= countMax ? coarse : within([1]);
}

/** How the records of each provider stand. */
export function providerChart(counts: readonly StateCount[], text: ChartText): Markup {
  const providers = [...new Set(counts.map(({ provider }) => provider))];
  const bars = providers
    .flatMap((provider) =>
      STANDINGS.map((standing) => ({ provider, standing, count: standingCount(counts, provider, standing) })),
    )
    .filter(({ count }) => count > 0);
  const legend = STANDINGS.filter((standing) => bars.some((bar) => bar.standing === standing));
  return figure(
    text,
    legend.map((standing) => ({ swatch: classOf(standing), name: standing })),
    (width) => ({
      height: 50 + 32 * providers.length,
      marginLeft: 105,
      marginRight: 25,
      x: { label: null, grid: true, ticks: width < NARROW_MAX ? 3 : 8, tickFormat: wholeCount },
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

function standingCount(counts: readonly StateCount[], provider: string, standing: Standing): number {
  const of = counts.filter((entry) => entry.provider === provider && standingOf(entry) === standing);
  return of.reduce((sum, { count }) => sum + count, 0);
}

/** How many attempts records took. */
export function attemptsChart(attempts: readonly AttemptsCount[], text: ChartText): Markup {
  return figure(text, [], (width) => ({
    height: 200,
    marginLeft: 55,
    x: { label: null, domain: attempts.map((entry) => entry.attempts) },
    y: { label: null, grid: true, nice: true, ticks: 5, tickFormat: wholeCount },
    marks: [
      Plot.barY(attempts, { x: 'attempts', y: 'records', fill: 'var(--granted)' }),
      Plot.text(attempts, {
        x: 'attempts',
        y: 'records',
        text: ({ records }: AttemptsCount) => formatCount(records),
        dy: -7,
        fontSize: width < NARROW_MAX ? 10 : 11,
      }),
      Plot.ruleY([0]),
    ],
  }));
}

/** There is no half user: such a tick has no name. */
function wholeCount(count: number): string {
  return Number.isInteger(count) ? formatCount(count) : '';
}

/** `a person must act` → `a-person-must-act`. */
function classOf(standing: Standing): string {
  return standing.replaceAll(' ', '-');
}

interface LegendKey {
  readonly swatch: string;
  readonly name: string;
}

function figure(
  text: ChartText,
  legend: readonly LegendKey[],
  options: (width: number) => Plot.PlotOptions,
): Markup {
  const keys = legend.map(({ swatch, name }) => html`<li><span class="swatch ${swatch}"></span>${name}</li>`);
  const drawn = Object.entries(WIDTHS).map(
    ([name, width]) =>
      html`<div class="${name}">${draw({ ...text, id: `${text.id}-${name}` }, width, options(width))}</div>`,
  );
  return html`<div class="chart">
    ${
      legend.length === 0
        ? null
        : html`<ul class="legend">
            ${keys}
          </ul>`
    }
    ${drawn}
  </div>`;
}

/**
 * One drawing. What Plot brings along is taken out of it: a style, which the page has itself, and labels of its
 * parts, which say less than the title and the description of the whole.
 */
function draw({ id, title, description }: ChartText, width: number, options: Plot.PlotOptions): Markup {
  const whole: Plot.PlotOptions = { className: 'plot', width, ...options };
  // Plot's types speak of a browser's DOM, which isn't there.
  const svg = Plot.plot(Object.assign(whole, { document })) as unknown as Element;
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const part of [svg, ...svg.querySelectorAll('*')]) withoutLabels(part);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-labelledby', `${id}-title ${id}-description`);
  const named = `<title id="${id}-title">${escapeText(title)}</title><desc id="${id}-description">${escapeText(description)}</desc>`;
  return new Markup(rounded(svg.outerHTML).replace('>', () => `>${named}`));
}

function withoutLabels(part: Element): void {
  for (const name of part.getAttributeNames()) if (name.startsWith('aria-')) part.removeAttribute(name);
}

/** A hundredth of a pixel can't be seen. */
function rounded(svg: string): string {
  return svg.replace(/\d+\.\d{3,}/g, (coordinate) => String(Number(Number(coordinate).toFixed(2))));
}
