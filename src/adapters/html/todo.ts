import { formatCounted } from '../../core/counted.js';
import type { NextStep } from '../../core/next-steps.js';
import type { ReportPage } from '../../core/page.js';
import { formatShare, type Todo } from '../../core/page-todo.js';
import type { DomainCount } from '../../core/statistics.js';
import { html, type Markup } from './markup.js';
import { commandOf, number, table } from './words.js';

/** What must be done now, and by whom. */
export function todoSection({ next, todos, headline }: ReportPage): Markup {
  return html`<section id="todo" aria-labelledby="todo-heading">
    <h2 id="todo-heading">What must be done now, and by whom</h2>
    <ol class="steps">
      ${next.map(step)}
    </ol>
    ${todos.length === 0 ? null : table('Users without a grant, by who must act', COLUMNS, todos)}
    ${todos.map((todo) => card(todo, headline.records))}
  </section>`;
}

const COLUMNS = [
  { name: 'Category', cell: ({ name }: Todo) => name.replaceAll('_', ' ') },
  { name: 'Users', cell: ({ count }: Todo) => count, isNumber: true },
  { name: 'Who must act', cell: ({ who }: Todo) => who },
  { name: 'Mail domains', cell: ({ domainsTotal }: Todo) => domainsTotal, isNumber: true },
];

function step({ say, command }: NextStep): Markup {
  return html`<li>${say} ${command === null ? null : commandOf(command)}</li>`;
}

function card(todo: Todo, records: number): Markup {
  const { title, why, remedy, providers, domains, domainsTotal, count } = todo;
  return html`<article class="card">
    <h3>${title}</h3>
    <p>${capital(why)}; ${remedy}. That is ${formatShare(count, records)} of all users.</p>
    <details class="numbers" open>
      <summary>By provider and mail domain</summary>
      <div class="pair">
        ${table(`${title}, by provider`, PROVIDER_COLUMNS, providers)}
        ${domains.length === 0 ? null : table(`${title}, by mail domain`, DOMAIN_COLUMNS, domains)}
      </div>
      ${moreDomains(domains, domainsTotal, count)}
    </details>
  </article>`;
}

const PROVIDER_COLUMNS = [
  { name: 'Provider', cell: ({ provider }: Todo['providers'][number]) => provider },
  { name: 'Users', cell: ({ count }: Todo['providers'][number]) => count, isNumber: true },
];

const DOMAIN_COLUMNS = [
  { name: 'Mail domain', cell: ({ domain }: DomainCount) => domain ?? '(none)' },
  { name: 'Providers', cell: ({ providers }: DomainCount) => providers.replaceAll(',', ', ') },
  { name: 'Users', cell: ({ records }: DomainCount) => records, isNumber: true },
];

function moreDomains(domains: readonly DomainCount[], total: number, count: number): Markup | null {
  const named = domains.filter(({ domain }) => domain !== null).length;
  if (named >= total) return null;
  const rest = count - domains.reduce((sum, { records }) => sum + records, 0);
  return html`<p class="quiet">
    The ${named} largest domains of ${number(total)}; the others hold ${formatCounted(rest, 'user')}.
  </p>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
