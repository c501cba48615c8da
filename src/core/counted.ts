const COUNT = new Intl.NumberFormat('en-US');

/** `1,234,567`, whatever the machine's locale: reports of two machines compare. */
export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** `1 row`, `2 rows`. */
export function formatCounted(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}
