/** Structured logging. Values must be free of secrets: what servers said is scrubbed before it gets here. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A log whose lines can say of which run they are. */
export interface RunLog extends Log {
  /** Every line from now on has it as `run`. */
  setRun(runId: number): void;
  /** Nothing is written after it. */
  close(): void;
}
