import type { PageRun, ReportPage } from '../../core/page.js';
import type { LastRun } from '../../core/next-steps.js';
import { describeEnding } from '../../core/run-ending.js';
import { typedOptions } from '../../core/run-options.js';
import { commandLine } from '../../core/shell.js';
import { BUCKETS } from '../../core/tally.js';
import { html, type Markup } from './markup.js';
import { duration, number, table, time, words } from './words.js';

/** Who ran what, when and how, and how it ended. */
export function runsSection({ runs }: ReportPage): Markup {
  return html`<section id="runs" aria-labelledby="runs-heading">
    <h2 id="runs-heading">The runs</h2>
    ${runs.length === 0 ? html`<p>No run has begun.</p>` : table('Runs of this ledger', COLUMNS, runs)}
    ${runs.map(runCard)}
  </section>`;
}

const COLUMNS = [
  { name: 'Run', cell: ({ runId }: PageRun) => String(runId) },
  { name: 'Job', cell: ({ kind }: PageRun) => kind },
  { name: 'Label', cell: ({ label }: PageRun) => label ?? '–' },
  { name: 'Began', cell: ({ startedAtMs }: PageRun) => time(startedAtMs) },
  { name: 'Lasted', cell: (run: PageRun) => lasted(run) },
  { name: 'Ended', cell: (run: PageRun) => ending(run) },
  { name: 'Rows read', cell: ({ balance }: PageRun) => rowsRead(balance), isNumber: true },
  { name: 'Requests for users', cell: ({ requests }: PageRun) => requests, isNumber: true },
];

const STATES: Readonly<Record<Exclude<LastRun['state'], 'finished' | 'unfinished'>, string>> = {
  running: 'going on',
  died: 'died',
};

function ending({ state, endedHow }: PageRun): string {
  if (state === 'running' || state === 'died') return STATES[state];
  return describeEnding(endedHow ?? '');
}

/** The end of a run that died is when the next one noticed. */
function endOf({ endedAtMs, state }: PageRun): number | null {
  return state === 'died' ? null : endedAtMs;
}

function lasted(run: PageRun): string {
  const endMs = endOf(run);
  return endMs === null ? '–' : duration(Math.max(0, endMs - run.startedAtMs));
}

type Fact = readonly [string, Markup | string];

function runCard(run: PageRun): Markup {
  const { runId, kind, host, pid, version, options, endedWhy } = run;
  const facts: readonly Fact[] = [
    ['Who', `process ${pid} on ${host}`],
    ['Version', `nylas-migrate ${version}`],
    ['When', html`${time(run.startedAtMs)} to ${time(endOf(run))}`],
    ['Options', optionsOf(options)],
    ['Job', kind],
    ...inputFacts(run),
    ['How it ended', `${ending(run)}${endedWhy === null ? '' : `: ${endedWhy}`}`],
    ...rowFacts(run),
  ];
  return html`<details class="card">
    <summary>Run ${runId}: who, options, input and rows</summary>
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </details>`;
}

/** Only a migration reads one. */
function inputFacts({ kind, inputName, inputSha256, inputBytes }: PageRun): readonly Fact[] {
  if (kind !== 'migrate') return [];
  return [
    ['Input', inputName],
    ['Input’s SHA-256', inputSha256 === null ? 'not read to its end' : html`<code>${inputSha256}</code>`],
    ['Input’s size', inputBytes === null ? 'not read to its end' : `${number(inputBytes)} bytes`],
  ];
}

function rowFacts({ kind, balance }: PageRun): readonly Fact[] {
  return kind === 'migrate' ? [['Its rows', rowsOf(balance)]] : [];
}

function optionsOf(options: PageRun['options']): Markup | string {
  const typed = typedOptions(options);
  return typed.length === 0 ? 'all defaults' : html`<code>${commandLine(typed)}</code>`;
}

function rowsRead(balance: unknown): number | string {
  const read = fieldOf(balance, 'read');
  return typeof read === 'number' ? read : '–';
}

/** Each row that was read is in one of these. */
function rowsOf(balance: unknown): string {
  const read = fieldOf(balance, 'read');
  if (typeof read !== 'number') return 'it did not come to make up its books';
  const buckets = fieldOf(balance, 'buckets');
  const parts = BUCKETS.flatMap((bucket) => {
    const count = fieldOf(buckets, bucket);
    return typeof count === 'number' && count > 0 ? [`${number(count)} ${words(bucket)}`] : [];
  });
  return parts.length === 0 ? `${number(read)} read` : `${number(read)} read = ${parts.join(' + ')}`;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : null;
}
