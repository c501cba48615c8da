const MINUTE_MS = 60_000;

/** As isoOf; null stays null. */
export function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : isoOf(atMs);
}

/** The second that was written last: of a report's rows, many follow each other within one. */
let lastSecond = { second: NaN, text: '' };

/** `2026-01-31T06:20:00.000Z`. */
export function isoOf(atMs: number): string {
  const second = Math.floor(atMs / 1000);
  if (second !== lastSecond.second) {
    lastSecond = { second, text: new Date(second * 1000).toISOString().slice(0, -'000Z'.length) };
  }
  return `${lastSecond.text}${String(atMs - second * 1000).padStart(3, '0')}Z`;
}

/** `06:20 UTC` of the same day, else `2026-01-31 06:20 UTC`. */
export function clockTime(atMs: number, nowMs: number): string {
  const iso = new Date(atMs).toISOString();
  const day = iso.slice(0, 10);
  const time = `${iso.slice(11, 16)} UTC`;
  return day === new Date(nowMs).toISOString().slice(0, 10) ? time : `${day} ${time}`;
}

/** The same, rounded up: from that minute on the time has surely come. */
export function clockTimeAfter(atMs: number, nowMs: number): string {
  return clockTime(Math.ceil(atMs / MINUTE_MS) * MINUTE_MS, nowMs);
}
