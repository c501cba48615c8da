import { formatCounted } from '../../core/counted.js';
import type { PageGroup, PageRecords, PageRow, ReportPage } from '../../core/page.js';
import { visible } from '../../core/visible.js';
import { html, scriptJson, type Markup } from './markup.js';
import { commandOf, number, table, words } from './words.js';

/** So many rows are there without the script, and on one page with it. */
const ROWS_AT_ONCE = 50;

/** The records: some of each state, to search, filter and sort. */
export function recordsSection({ records }: ReportPage): Markup {
  const { columns, rows, total } = records;
  return html`<section id="records" aria-labelledby="records-heading">
    <h2 id="records-heading">The records</h2>
    ${introduction(records)}
    ${rows.length === total ? null : table('How many records of each state this page holds', GROUPS, records.groups)}
    ${rows.length === 0 ? null : filters(rows)}
    <p id="shown" role="status">${shownWords(rows.length)}</p>
    ${rows.length === 0 ? null : recordTable(columns, rows)} ${rows.length === 0 ? null : pager()}
    <script type="application/json" id="data">
      ${scriptJson({ atOnce: ROWS_AT_ONCE, columns: columns.map(visible), rows: rows.map(compact) })}
    </script>
  </section>`;
}

function introduction({ rows, total, narrowedTo, command }: PageRecords): Markup {
  const whole = narrowedTo === null ? '' : ` with ${narrowedTo}`;
  if (total === 0) return html`<p>There are no rows${whole}.</p>`;
  const what =
    rows.length === total
      ? `This page lists ${formatCounted(total, 'row')}${whole}: all there are.`
      : `This page holds ${number(rows.length)} of ${number(total)} rows${whole}, the first of each state.`;
  return html`<p>${what} The complete file: ${commandOf(command)}</p>`;
}

const GROUPS = [
  {
    name: 'State',
    cell: ({ status, category }: PageGroup) => words(category === null ? status : `${status}, ${category}`),
  },
  { name: 'In this page', cell: ({ shown }: PageGroup) => shown, isNumber: true },
  { name: 'In the ledger', cell: ({ total }: PageGroup) => total, isNumber: true },
];

function shownWords(count: number): string {
  return count > ROWS_AT_ONCE ? `The first ${ROWS_AT_ONCE} of ${number(count)} are shown.` : '';
}

/** Hidden until the script is there to make them work. */
function filters(rows: readonly PageRow[]): Markup {
  return html`<form id="filters" hidden>
    <p class="field">
      <label for="search">Search in all columns</label>
      <input id="search" type="search" autocomplete="off" spellcheck="false" />
    </p>
    ${choice('provider', 'Provider', rows)} ${choice('status', 'Status', rows)}
    ${choice('category', 'Category', rows)}
  </form>`;
}

function choice(name: 'provider' | 'status' | 'category', label: string, rows: readonly PageRow[]): Markup {
  const values = [...new Set(rows.map((row) => row[name]))].filter((value) => value !== '').sort();
  return html`<p class="field">
    <label for="${name}">${label}</label>
    <select id="${name}">
      <option value="">any</option>
      ${values.map((value) => html`<option value="${value}">${words(value)}</option>`)}
    </select>
  </p>`;
}

function recordTable(columns: readonly string[], rows: readonly PageRow[]): Markup {
  const heads = columns.map((name) => html`<th scope="col">${words(name)}</th>`);
  return html`<div class="scroll" role="region" tabindex="0" aria-label="Records">
    <table id="table" class="records">
      <caption>
        Records and their grants
      </caption>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows.slice(0, ROWS_AT_ONCE).map((row) => recordRow(columns, row))}
      </tbody>
    </table>
  </div>`;
}

/** Cells name their column too: on a narrow screen each row is a card. */
function recordRow(columns: readonly string[], { cells }: PageRow): Markup {
  return html`<tr>
    ${cells.map((cell, index) => html`<td data-name="${words(columns[index] ?? '')}">${cell}</td>`)}
  </tr>`;
}

function pager(): Markup {
  return html`<nav id="pager" aria-label="Pages of records" hidden>
    <button type="button" id="previous">Previous</button>
    <span id="place"></span>
    <button type="button" id="next">Next</button>
  </nav>`;
}

/** What the script searches: provider, status and category, then the cells. */
function compact({ provider, status, category, cells }: PageRow): readonly unknown[] {
  const shown = cells.map((cell) => (typeof cell === 'string' ? visible(cell) : cell));
  return [visible(provider), status, category, ...shown];
}
