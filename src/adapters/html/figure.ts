import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { formatCount } from '../../core/counted.js';
import { escapeText, html, Markup } from './markup.js';

/** Drawn twice: text in a drawing that is scaled down can't be read on a phone. */
const WIDTHS = { wide: 760, narrow: 350 } as const;
const NARROW_MAX = 500;

/** Whether a drawing of that width is the narrow one. */
export function isNarrow(width: number): boolean {
  return width < NARROW_MAX;
}

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

/** There is no half user: such a tick has no name. */
export function wholeCount(count: number): string {
  return Number.isInteger(count) ? formatCount(count) : '';
}

export interface LegendKey {
  readonly swatch: string;
  readonly name: string;
}

/** A drawing for wide screens and one for narrow ones, with their legend. `options` are for a width. */
export function figure(
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
