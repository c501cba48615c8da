import { visible } from '../../core/visible.js';

/** Text that is HTML already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = Markup | string | number | null | readonly Value[];

/** A template whose values are escaped, but for markup; null is nothing, a list is its items one after another. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const [first = '', ...rest] = strings;
  return new Markup(first + rest.map((text, index) => render(values[index] ?? null) + text).join(''));
}

/** Text for between tags and between quotes, in which nothing acts on the page or hides in it. */
export function escapeText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** JSON for within a script element: it can't end the element. */
export function scriptJson(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

function render(value: Value): string {
  if (value === null) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return escapeText(value);
  return typeof value === 'number' ? String(value) : value.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
