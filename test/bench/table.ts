/** What a benchmark found: figures side by side, and how they stand to what was aimed for. */
export interface Findings {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly targets: readonly Target[];
}

export interface Target {
  readonly what: string;
  readonly aim: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** At least `aim`, with so many digits after the point. */
export function atLeast(what: string, measured: number, aim: number, digits = 2, unit = ''): Target {
  const shown = `${measured.toFixed(digits)}${unit}`;
  return { what, aim: `≥ ${aim}${unit}`, measured: shown, isMet: measured >= aim };
}

/** At most `aim`, with so many digits after the point. */
export function atMost(what: string, measured: number, aim: number, digits = 2, unit = ''): Target {
  const shown = `${measured.toFixed(digits)}${unit}`;
  return { what, aim: `≤ ${aim}${unit}`, measured: shown, isMet: measured <= aim };
}

/** As a table in plain text that is one in Markdown too. */
export function render({ columns, rows, targets }: Findings): string {
  const verdicts = targets.map(({ what, aim, measured, isMet }) => [
    what,
    aim,
    measured,
    isMet ? 'reached' : 'NOT REACHED',
  ]);
  return `${grid(columns, rows)}\n${grid(['target', 'aim', 'measured', ''], verdicts)}`;
}

function grid(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    Math.max(3, column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, index) => (cells[index] ?? '').padEnd(width)).join(' | ')} |\n`;
  return [columns, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('');
}
