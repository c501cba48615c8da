import type { ReportPage } from '../../core/page.js';
import { readAssets } from './assets.js';
import { courseSection } from './course.js';
import { html } from './markup.js';
import { provenanceSection } from './provenance.js';
import { recordsSection } from './records.js';
import { runsSection } from './runs.js';
import { todoSection } from './todo.js';
import { titleOf, verdictSection } from './verdict.js';

/** The page of a report: one file that loads nothing, and in which only its own script and style act. */
export function renderPage(page: ReportPage): string {
  const { style, script, policy } = readAssets();
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex" />
        <title>${titleOf(page.headline)}</title>
        ${style}
      </head>
      <body>
        <a class="skip" href="#main">To the content</a>
        <main id="main">
          ${verdictSection(page)}
          <nav class="contents" aria-label="Contents">
            <a href="#todo">What must be done</a> <a href="#course">When and how</a> <a href="#runs">Runs</a>
            <a href="#records">Records</a> <a href="#provenance">Provenance</a>
          </nav>
          ${todoSection(page)} ${courseSection(page)} ${runsSection(page)} ${recordsSection(page)}
          ${provenanceSection(page)}
        </main>
        ${script}
      </body>
    </html> `;
  return document.text;
}
