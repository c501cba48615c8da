import { formatCount } from '../../core/counted.js';
import { html, type Markup } from './markup.js';

/** `1 Mar 2026, 06:20:05 UTC`, for people and for programs. */
export function time(atMs: number | null): Markup {
  if (atMs === null) return html`–`;
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** `40 ms`, `1.25 s`, `2 min 5 s`, `3 h 4 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(2))} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  return `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** `44.3`. */
export function rate(perSecond: number): string {
  return perSecond >= 100 ? formatCount(Math.round(perSecond)) : String(Number(perSecond.toFixed(1)));
}

export function number(count: number): string {
  return formatCount(count);
}

/** `needs_reauth` → `needs reauth`. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** A command to copy: it breaks between words, and within none for its hyphens. */
export function commandOf(command: string): Markup {
  const parts = command.split(' ').map((word, index) => html`${index === 0 ? '' : ' '}<span>${word}</span>`);
  return html`<code class="command">${parts}</code>`;
}

interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => Markup | string | number;
  /** Numbers stand to the right. */
  readonly isNumber?: boolean;
}

/** A table whose first column names its rows; it can be scrolled where the screen is narrow. */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  total: readonly (string | number)[] = [],
): Markup {
  const kind = (column: Column<Row>): Markup => (column.isNumber ? html` class="number"` : html``);
  const heads = columns.map((column) => html`<th scope="col" ${kind(column)}>${column.name}</th>`);
  const line = (row: Row): Markup =>
    html`<tr>
      ${columns.map((column, index) =>
        index === 0
          ? html`<th scope="row">${column.cell(row)}</th>`
          : html`<td${kind(column)}>${shown(column.cell(row))}</td>`,
      )}
    </tr>`;
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows.map(line)}
      </tbody>
      ${total.length === 0 ? null : foot(total)}
    </table>
  </div>`;
}

function foot(total: readonly (string | number)[]): Markup {
  const cells = total.map((cell, index) =>
    index === 0 ? html`<th scope="row">${cell}</th>` : html`<td class="number">${shown(cell)}</td>`,
  );
  return html`<tfoot>
    <tr>
      ${cells}
    </tr>
  </tfoot>`;
}

function shown(cell: Markup | string | number): Markup | string {
  return typeof cell === 'number' ? number(cell) : cell;
}
