// @ts-check
'use strict';

// Searches, filters, sorts and pages the records of a report. Without it the page holds the first of them.
// Everything from the data becomes text, never markup.
(() => {
  /**
   * What the page embeds: of each row its provider, status and category, then its cells.
   * @typedef {string | number | null} Cell
   * @typedef {{ atOnce: number, columns: string[], rows: Cell[][] }} Data
   */
  const FACETS = /** @type {const} */ (['provider', 'status', 'category']);
  const embedded = element('data');
  const body = document.querySelector('#table tbody');
  if (embedded === null || body === null) return;

  const data = readData(embedded);
  const texts = data.rows.map((row) => row.join('\n').toLowerCase());
  const heads = [...document.querySelectorAll('#table thead th')];
  /** @type {{ column: number, ascending: boolean } | null} */
  let order = null;
  let page = 0;

  for (const id of ['filters', 'pager']) element(id)?.removeAttribute('hidden');
  heads.forEach(makeSortable);
  element('filters')?.addEventListener('submit', (event) => {
    event.preventDefault();
  });
  element('filters')?.addEventListener('input', () => {
    turnTo(0);
  });
  element('previous')?.addEventListener('click', () => {
    turnTo(page - 1);
  });
  element('next')?.addEventListener('click', () => {
    turnTo(page + 1);
  });
  turnTo(0);

  /**
   * @param {Element} holder
   * @returns {Data}
   */
  function readData(holder) {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- what the page embeds was made with it
    return JSON.parse(holder.textContent);
  }

  /** @param {string} id */
  function element(id) {
    return document.getElementById(id);
  }

  /** @param {string} id */
  function valueOf(id) {
    const field = element(id);
    return field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field.value : '';
  }

  /** @param {number} wanted */
  function turnTo(wanted) {
    const found = sorted(matching());
    const pages = Math.max(1, Math.ceil(found.length / data.atOnce));
    page = Math.min(Math.max(0, wanted), pages - 1);
    const from = page * data.atOnce;
    const here = found.slice(from, from + data.atOnce);
    body?.replaceChildren(...here.map(rowElement));
    say(found.length, from, here.length);
    sayPlace(pages);
  }

  function matching() {
    const words = valueOf('search').toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = FACETS.map(valueOf);
    return data.rows.filter(
      (row, index) =>
        wanted.every((value, facet) => value === '' || row[facet] === value) &&
        words.every((word) => texts[index]?.includes(word)),
    );
  }

  /** @param {Cell[][]} rows */
  function sorted(rows) {
    if (order === null) return rows;
    const { column, ascending } = order;
    const place = column + FACETS.length;
    return [...rows].sort((a, b) => compare(a[place] ?? null, b[place] ?? null, ascending));
  }

  /**
   * What is empty comes last, whichever way.
   * @param {Cell} a
   * @param {Cell} b
   * @param {boolean} ascending
   */
  function compare(a, b, ascending) {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : compareTexts(String(a), String(b));
    return ascending ? order : -order;
  }

  /**
   * @param {string} a
   * @param {string} b
   */
  function compareTexts(a, b) {
    return a < b ? -1 : Number(a > b);
  }

  /** @param {Cell[]} row */
  function rowElement(row) {
    const line = document.createElement('tr');
    row.slice(FACETS.length).forEach((cell, index) => {
      const field = document.createElement('td');
      field.dataset['name'] = heads[index]?.textContent.trim() ?? '';
      field.textContent = cell === null ? '' : String(cell);
      line.append(field);
    });
    return line;
  }

  /**
   * @param {Element} head
   * @param {number} column
   */
  function makeSortable(head, column) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent.trim();
    button.addEventListener('click', () => {
      order = { column, ascending: order?.column !== column || !order.ascending };
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', order.ascending ? 'ascending' : 'descending');
      turnTo(0);
    });
    head.replaceChildren(button);
  }

  /**
   * @param {number} found
   * @param {number} from
   * @param {number} here
   */
  function say(found, from, here) {
    const shown = element('shown');
    if (shown === null) return;
    const all = data.rows.length.toLocaleString('en-US');
    const range = `${(from + 1).toLocaleString('en-US')} to ${(from + here).toLocaleString('en-US')}`;
    const what =
      found === data.rows.length
        ? `all ${all}`
        : `${found.toLocaleString('en-US')} that match, of ${all} in this page`;
    shown.textContent = found === 0 ? `None of ${all} in this page matches.` : `Shown: ${range} of ${what}.`;
  }

  /** @param {number} pages */
  function sayPlace(pages) {
    const place = element('place');
    if (place !== null) place.textContent = `Page ${page + 1} of ${pages}`;
    element('previous')?.toggleAttribute('disabled', page === 0);
    element('next')?.toggleAttribute('disabled', page === pages - 1);
  }
})();
