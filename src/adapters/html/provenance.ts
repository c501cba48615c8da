import type { ReportPage } from '../../core/page.js';
import { html, type Markup } from './markup.js';
import { number } from './words.js';

/** Where this report comes from. */
export function provenanceSection({ provenance }: ReportPage): Markup {
  const { attempts, digest, records } = provenance;
  const facts: readonly (readonly [string, Markup | string])[] = [
    ['Ledger', html`<code>${provenance.ledger_id}</code>`],
    ['Begun', provenance.created_at ?? '–'],
    ['Application', html`<code>${provenance.application_id ?? '–'}</code>`],
    ['Host', provenance.host ?? '–'],
    ['Users are named by', provenance.keying ?? '–'],
    ['Schema version', String(provenance.schema_version)],
    ['Made by', provenance.tool],
    ['Made at', provenance.made_at],
    ['Records', number(records)],
    ['Requests for records', number(attempts.count)],
    ['First request', attempts.first_at ?? '–'],
    ['Last request', attempts.last_at ?? '–'],
    ['SHA-256 of the records', html`<code id="digest">${digest.value}</code>`],
    ['which is over', digest.of],
  ];
  return html`<section id="provenance" aria-labelledby="provenance-heading">
    <h2 id="provenance-heading">Where this report comes from</h2>
    <p>
      Two reports with the same SHA-256 say the same of the same records. Input files and options are with the
      runs.
    </p>
    <dl class="card">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}
