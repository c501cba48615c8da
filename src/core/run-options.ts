type Formats = Readonly<Record<string, (value: unknown) => string>>;

/** How those are typed that say where Nylas is, and how fast it is asked. */
const CONNECTION: Formats = {
  apiUri: String,
  region: String,
  apiKeyFile: String,
  rate: String,
};

/**
 * How the options of a run that must be given again are typed: what reads the file, where it goes, and how
 * carefully. Limits and outputs are one run's own.
 */
const REPEATED: Formats = {
  ...CONNECTION,
  timeout: milliseconds,
  settleDelay: milliseconds,
  singleUse: list,
  existing: String,
  emailMismatch: String,
  column: pairs,
  providerAlias: pairs,
  defaultProvider: String,
  identifyBy: rule,
  carry: list,
};

/** How those of `verify` are typed. */
const VERIFYING: Formats = {
  adopt: () => '',
  probe: sampleSize,
  out: String,
};

/** How those are typed that say whom a run is about. */
const NARROWING: Formats = {
  provider: list,
  only: String,
  exclude: String,
  sample: percent,
};

/** How those of an undo are typed: whose grants, and the way to Nylas. */
const UNDOING: Formats = {
  run: String,
  provider: list,
  only: String,
  apiUri: String,
  region: String,
  apiKeyFile: String,
  rate: String,
  timeout: milliseconds,
};

/** The options of an earlier run, as the ledger keeps them, in the words to give the next one. */
export function repeatedOptions(options: Readonly<Record<string, unknown>>): readonly string[] {
  return typed(options, REPEATED);
}

/** Those of them that every job needs which talks to the same Nylas. */
export function connectionOptions(options: Readonly<Record<string, unknown>>): readonly string[] {
  return typed(options, CONNECTION);
}

/** What a verification was asked for, to ask for it again. */
export function verifyingOptions(options: Readonly<Record<string, unknown>>): readonly string[] {
  return typed(options, VERIFYING).filter((word) => word !== '');
}

/** Those that left rows of its input out: another run of the same rows needs them, one of the rest must not have them. */
export function narrowingOptions(options: Readonly<Record<string, unknown>>): readonly string[] {
  return typed(options, NARROWING);
}

/** The options of an undo, in the words to give the next one of the same grants. */
export function undoOptions(options: Readonly<Record<string, unknown>>): readonly string[] {
  return typed(options, UNDOING);
}

/** How the rest is typed, where that isn't by its text. */
const REST: Formats = {
  drainTimeout: milliseconds,
  outageMax: milliseconds,
  maxDuration: milliseconds,
  stopAt: written,
  failureRateMax: percent,
};

/** All options of an earlier run, in the words in which they are typed. */
export function typedOptions(options: Readonly<Record<string, unknown>>): readonly string[] {
  const formats = { ...REPEATED, ...NARROWING, ...REST };
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === null) return [];
    return value === true ? [flagOf(name)] : [flagOf(name), (formats[name] ?? list)(value)];
  });
}

function typed(options: Readonly<Record<string, unknown>>, formats: Formats): readonly string[] {
  return Object.entries(formats).flatMap(([name, format]) => {
    const value = options[name];
    return value === undefined || value === null ? [] : [flagOf(name), format(value)];
  });
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** As somebody would type it: whole seconds as such. */
function milliseconds(value: unknown): string {
  const ms = Number(value);
  return ms > 0 && ms % 1000 === 0 ? `${ms / 1000}s` : `${String(value)}ms`;
}

/** What is kept with the text that it was given as. */
function written(value: unknown): string {
  return typeof value === 'object' && value !== null && 'text' in value ? String(value.text) : String(value);
}

/** Rounded: 0.07 × 100 is not quite 7 to a machine. */
function percent(share: unknown): string {
  return `${Number((Number(share) * 100).toPrecision(12))}%`;
}

function sampleSize(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return 'count' in value ? String(value.count) : percent('share' in value ? value.share : 1);
}

function pairs(value: unknown): string {
  return Array.isArray(value)
    ? value.map((pair) => (Array.isArray(pair) ? pair.join('=') : String(pair))).join(',')
    : '';
}

function rule(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('by' in value)) return String(value);
  return 'header' in value ? `column:${String(value.header)}` : String(value.by);
}
