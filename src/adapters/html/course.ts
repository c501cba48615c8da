import { formatCounted } from '../../core/counted.js';
import { laneTitle } from '../../core/lane-stop.js';
import type { LatencySummary } from '../../core/page-latency.js';
import { STANDINGS, type ProviderRow } from '../../core/page-providers.js';
import type { PageRun, ReportPage } from '../../core/page.js';
import type { Timeline, TimelineSlot } from '../../core/page-timeline.js';
import type { AttemptsCount } from '../../core/statistics.js';
import { latencyChart } from './latency-chart.js';
import { html, type Markup } from './markup.js';
import { timelineChart } from './timeline-chart.js';
import { attemptsChart, providerChart } from './user-charts.js';
import { duration, number, rate, table, time } from './words.js';

/** When and how it went. */
export function courseSection(page: ReportPage): Markup {
  const { timelines, latency, providers, attempts, runs, headline } = page;
  return html`<section id="course" aria-labelledby="course-heading">
    <h2 id="course-heading">When and how it went</h2>
    ${timelines.length === 0 ? html`<p>No request has been made for a record yet.</p>` : null}
    ${timelines.map((timeline) => overTime(timeline, runs))}
    ${
      timelines.length < runs.length && timelines.length > 0
        ? html`<p class="quiet">Of ${number(runs.length)} runs those with the most requests are drawn.</p>`
        : null
    }
    ${latency === null ? null : latencies(latency)} ${headline.records === 0 ? null : byProvider(providers)}
    ${headline.records === 0 ? null : attemptsPerRecord(attempts)}
  </section>`;
}

function overTime(timeline: Timeline, runs: readonly PageRun[]): Markup {
  const { runId, slots, slotMs } = timeline;
  const run = runs.find((each) => each.runId === runId);
  const names = [run?.kind === 'migrate' ? null : run?.kind, run?.label].filter((name) => name);
  const title = `Run ${runId}${names.length === 0 ? '' : ` (${names.join(', ')})`}: outcomes over time`;
  const description = paceOf(timeline, run?.kind === 'migrate');
  return html`<article class="card">
    <h3>${title}</h3>
    <p>${description}</p>
    ${timelineChart(timeline, { id: `time-${runId}`, title, description })}
    <details class="numbers">
      <summary>The numbers</summary>
      ${table(`${title}, in steps of ${duration(slotMs)}`, slotColumns(slotMs), slots)}
    </details>
  </article>`;
}

function paceOf({ achievedPerSecond, askedPerSecond, pace, slots }: Timeline, isMigration: boolean): string {
  const answers = slots.reduce((sum, slot) => sum + answersIn(slot), 0);
  const asked =
    askedPerSecond === null ? 'It was not paced.' : `It asked for no more than ${askedPerSecond} a second.`;
  const achieved = achievedPerSecond === null ? '' : `, ${rate(achievedPerSecond)} a second while it sent`;
  return `${formatCounted(answers, 'request')} for users answered${achieved}. ${asked} ${heldWords(pace, isMigration)}`.trim();
}

function heldWords(pace: Timeline['pace'], isMigration: boolean): string {
  // It is kept of migrations only, at their end.
  if (pace === null) return isMigration ? 'What held it is not known: it has not ended, or died.' : '';
  const { throttledHits, throttledMs, outageMs, lanes } = pace;
  const parts = [
    ...(throttledHits === 0
      ? []
      : [
          `Nylas said ${formatCounted(throttledHits, 'time')} that it was too much, which held it for ${duration(throttledMs)}.`,
        ]),
    ...(outageMs === 0 ? [] : [`Nylas was out of reach for ${duration(outageMs)}.`]),
  ];
  const whole = parts.length === 0 ? ['Neither throttling by Nylas itself nor an outage held it.'] : parts;
  const ofLanes = lanes.map((lane) => `${laneTitle(lane)} alone for ${duration(lane.heldMs)}`);
  return [
    ...whole,
    ...(ofLanes.length === 0 ? [] : [`Held for their provider: ${ofLanes.join(', ')}.`]),
  ].join(' ');
}

function answersIn({ counts }: TimelineSlot): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function slotColumns(slotMs: number) {
  const count = (name: string, of: keyof TimelineSlot['counts']) => ({
    name,
    cell: ({ counts }: TimelineSlot) => counts[of],
    isNumber: true,
  });
  return [
    { name: 'From', cell: ({ fromMs }: TimelineSlot) => time(fromMs) },
    count('Granted', 'granted'),
    count('Refused', 'refused'),
    count('Throttled', 'throttled'),
    count('No usable answer', 'lost'),
    count('Look-ups and other calls', 'look_up'),
    {
      name: 'A second',
      cell: (slot: TimelineSlot) => rate((answersIn(slot) * 1000) / slotMs),
      isNumber: true,
    },
  ];
}

function latencies(latency: LatencySummary): Markup {
  const { p50Ms, p95Ms, p99Ms, maxMs, count, bins } = latency;
  const title = 'How long a submission took';
  const description = `Half took no longer than ${duration(p50Ms)}, 95 of 100 no longer than ${duration(p95Ms)}, 99 of 100 no longer than ${duration(p99Ms)}.`;
  const figures = [
    { name: 'p50', ms: p50Ms },
    { name: 'p95', ms: p95Ms },
    { name: 'p99', ms: p99Ms },
    { name: 'the longest', ms: maxMs },
  ];
  return html`<article class="card">
    <h3>${title}</h3>
    <p>
      ${description} This is over ${formatCounted(count, 'submission')}, those that were given up included.
    </p>
    ${latencyChart(latency, { id: 'latency', title, description })}
    ${table(
      'Latency of submissions',
      [
        { name: 'Of all submissions', cell: ({ name }: (typeof figures)[number]) => name },
        { name: 'took at most', cell: ({ ms }: (typeof figures)[number]) => duration(ms), isNumber: true },
      ],
      figures,
    )}
    <details class="numbers">
      <summary>The numbers</summary>
      ${table(
        'Submissions by latency',
        [
          {
            name: 'Between',
            cell: ({ fromMs, toMs }: (typeof bins)[number]) => `${duration(fromMs)} and ${duration(toMs)}`,
          },
          { name: 'Submissions', cell: ({ count: ofBin }: (typeof bins)[number]) => ofBin, isNumber: true },
        ],
        bins,
      )}
    </details>
  </article>`;
}

function byProvider(rows: readonly ProviderRow[]): Markup {
  const title = 'Users by provider';
  const description = rows
    .map((row) => `${row.provider}: ${number(row.counts.migrated)} of ${number(row.sum)} migrated`)
    .join('; ');
  const columns = [
    { name: 'Provider', cell: ({ provider }: ProviderRow) => provider },
    ...STANDINGS.filter((standing) => rows.some((row) => row.counts[standing] > 0)).map((standing) => ({
      name: standing.charAt(0).toUpperCase() + standing.slice(1),
      cell: (row: ProviderRow) => row.counts[standing],
      isNumber: true,
    })),
    { name: 'All', cell: ({ sum }: ProviderRow) => sum, isNumber: true },
  ];
  return html`<article class="card">
    <h3>${title}</h3>
    ${providerChart(rows, { id: 'providers', title, description })}
    ${table('Users by provider and what they need', columns, rows)}
  </article>`;
}

function attemptsPerRecord(attempts: readonly AttemptsCount[]): Markup {
  const title = 'Attempts per user';
  const description = attempts
    .map(
      ({ attempts: count, records }) =>
        `${formatCounted(records, 'user')} took ${formatCounted(count, 'attempt')}`,
    )
    .join('; ');
  return html`<article class="card">
    <h3>${title}</h3>
    <p>
      With no attempt a grant was there already, or the user has not been submitted. Being throttled does not
      count.
    </p>
    ${attemptsChart(attempts, { id: 'attempts', title, description })}
    ${table(
      'Users by number of attempts',
      [
        { name: 'Attempts', cell: (entry: AttemptsCount) => String(entry.attempts) },
        { name: 'Users', cell: ({ records }: AttemptsCount) => records, isNumber: true },
      ],
      attempts,
    )}
  </article>`;
}
