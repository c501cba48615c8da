import { describeLaneStop, laneTitle } from '../../core/lane-stop.js';
import type { InvalidExample, RunSummary, Unread } from '../../core/run-summary.js';
import { BUCKETS, type OriginCounts } from '../../core/tally.js';
import type { StopReason } from '../../core/verdict.js';
import { formatCount, formatCounted } from '../../core/counted.js';
import { WIDTH, wrap } from '../../core/wrap.js';
import { formatDuration } from './format.js';
import { printable } from './printable.js';
import { describeStopped } from './stop-time.js';
import { renderUnmatched } from './unmatched.js';
import { hanging, INDENT, joinSections, renderNeeds, renderSteps, renderSum } from './steps.js';

/** What a run came to, for whoever started it. */
export function renderRunSummary(summary: RunSummary): string {
  return joinSections([
    [...balance(summary), ...origins(summary.origins), ...speed(summary), ...held(summary)],
    trouble(summary),
    summary.unmatched === null ? [] : renderUnmatched(summary.unmatched),
    renderNeeds(summary.needs),
    invalid(summary),
    renderSteps(summary.next),
  ]);
}

function balance({ balance: { read, buckets }, balanced, stop }: RunSummary): readonly string[] {
  const parts = BUCKETS.map((bucket) => [bucket, buckets[bucket]] as const);
  if (read === 0 && balanced && stop === null)
    return ['The input has a header and no rows: there was nothing to migrate.'];
  return renderSum(`Read ${formatCount(read)}`, parts, balanced);
}

const ORIGINS: readonly (readonly [keyof OriginCounts, string])[] = [
  ['created', 'a new grant'],
  ['existing', 'a healthy one that was there'],
  ['shared', "another record's"],
  ['reauthenticated', 'one that was there, renewed'],
  ['adopted', 'one that was found after a doubt'],
  ['signed_in', 'one they made by signing in'],
  ['unknown', 'one of unknown origin'],
];

/** Nothing where all grants are new, as most expect. */
function origins(counts: OriginCounts): string[] {
  const told = ORIGINS.flatMap(([origin, meaning]) => {
    const count = counts[origin] ?? 0;
    return count === 0 ? [] : [{ origin, text: `${meaning} ${formatCount(count)}` }];
  });
  if (told.every(({ origin }) => origin === 'created')) return [];
  return wrap(`Those migrated have ${told.map(({ text }) => text).join(' + ')}`, WIDTH);
}

function speed(summary: RunSummary): string[] {
  const { runId, elapsedMs, requests, requestsPerSecond, ratePerSecond, breaksMs } = summary;
  const target = ratePerSecond === 0 ? 'unpaced' : `of ${ratePerSecond}/s asked for`;
  const rate =
    requestsPerSecond === null ? '' : `, ${requestsPerSecond.toFixed(1)}/s while it sent (${target})`;
  const breaks = breaksMs === 0 ? '' : `; nothing was sent for ${formatDuration(breaksMs)} of that`;
  return wrap(
    `Run ${runId} took ${formatDuration(elapsedMs)}: ${formatCounted(requests, 'request')}${rate}${breaks}`,
    WIDTH,
  );
}

function held({ held: { throttledHits, throttledMs, outageMs, lanes } }: RunSummary): string[] {
  const told: string[] = [];
  if (throttledHits > 0) {
    const times = throttledHits === 1 ? 'once' : `${formatCount(throttledHits)} times`;
    told.push(
      `Nylas said ${times} that it was too much (429): held for ${formatDuration(throttledMs)} in all.`,
    );
  }
  if (outageMs > 0) told.push(`Nylas was down for ${formatDuration(outageMs)}: nothing was sent meanwhile.`);
  for (const lane of lanes) {
    const name = printable(laneTitle(lane));
    told.push(
      `${name} was held for ${formatDuration(lane.heldMs)}: the provider throttled, or didn't answer.`,
    );
  }
  return told.flatMap((text) => wrap(text, WIDTH));
}

function trouble({ stop, unread, stoppedLanes, misconfigured, balance: { buckets } }: RunSummary): string[] {
  const isSomethingDone = buckets.migrated + buckets.already_done > 0;
  const told = stop === null ? [] : [describeStop(stop, isSomethingDone)];
  if (unread !== null && stop?.kind !== 'input') told.push(describeUnread(unread));
  for (const lane of stoppedLanes) {
    told.push(printable(`Held back: ${laneTitle(lane)}. Stopped: ${describeLaneStop(lane.stop)}`));
  }
  if (misconfigured > 0 && stoppedLanes.length === 0 && stop?.kind !== 'key_refused') {
    told.push(
      `${formatCounted(misconfigured, 'row')} met a connector or API key that doesn't work: put that right, then run again.`,
    );
  }
  return told.flatMap((text) => wrap(text, WIDTH));
}

function describeUnread({ afterLine, share }: Unread): string {
  const part = share === null ? '' : `, about ${Math.floor(share * 100)} % of it`;
  return `The input was read to line ${formatCount(afterLine)}${part}: what follows was not looked at.`;
}

function describeStop(stop: StopReason, isSomethingDone: boolean): string {
  switch (stop.kind) {
    case 'signal':
      return `Stopped by ${stop.signal}. Everything that was sent is written down.`;
    case 'abort':
      return 'Stopped by the program that called it. Everything that was sent is written down.';
    case 'limit':
      return `Stopped at the limit of ${formatCount(stop.limit)} that was asked for.`;
    case 'stop_time':
      return `${describeStopped(stop)} Everything that was sent is written down.`;
    case 'key_refused':
      return 'Stopped: Nylas refuses the API key, and a second call confirmed it. Check NYLAS_API_KEY and its application.';
    case 'outage':
      return `Stopped: Nylas did not answer for ${formatDuration(stop.lastedMs)}. Nothing was burnt: run the same command again when it is back (https://status.nylas.com).`;
    case 'input':
      return printable(
        `The input could not be read to its end: ${stop.message} ${stop.next}${isSomethingDone ? ' What is done stays done.' : ''}`,
      );
    case 'failure':
      return 'Stopped by a failure.';
  }
}

/** A report has all of them. */
const INVALID_SHOWN = 3;

function invalid({ invalidExamples, balance: { buckets } }: RunSummary): string[] {
  if (invalidExamples.length === 0) return [];
  const shown = invalidExamples.slice(0, INVALID_SHOWN);
  const left = buckets.invalid - shown.length;
  return [
    'Rows that could not be submitted',
    ...shown.flatMap(example),
    ...(left > 0 ? [`${INDENT}and ${formatCount(left)} more`] : []),
  ];
}

function example({ line, reasons }: InvalidExample): readonly string[] {
  return hanging(printable(`line ${line}: ${reasons.join('; ')}`), INDENT);
}
