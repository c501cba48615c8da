import { UserError } from './core/errors.js';
import { nearest } from './core/nearest.js';
import { choicesOf } from './core/parse.js';

/** One option: how it is written on the command line, and how its text is read. */
export interface OptionSpec<T> {
  /** Such as `--rate <number>`; without a value it is a switch. */
  readonly flags: string;
  readonly help: string;
  /** What `--help` says the default is; empty: nothing. */
  readonly shownDefault: string;
  readonly parse: (text: string) => T;
  readonly fallback: T;
  /** Whether it may be given several times; `parse` then gets the values joined by line feeds. */
  readonly repeats: boolean;
  /** Other environment variables that set it, after NYLAS_MIGRATE_*. */
  readonly alsoFrom: readonly string[];
  /** The values that it may have, or begin with, where those are words; for completion. */
  readonly choices: readonly string[];
}

export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>;
export type OptionValues<S extends OptionSpecs> = {
  readonly [K in keyof S]: S[K] extends OptionSpec<infer T> ? T : never;
};

/** An option with a value. */
export function option<T>(
  flags: string,
  help: string,
  parse: (text: string) => T,
  fallback: T,
  more: Partial<Pick<OptionSpec<T>, 'shownDefault' | 'repeats' | 'alsoFrom' | 'choices'>> = {},
): OptionSpec<T> {
  const shownDefault = typeof fallback === 'string' || typeof fallback === 'number' ? String(fallback) : '';
  const choices = choicesOf(parse);
  return { flags, help, parse, fallback, shownDefault, repeats: false, alsoFrom: [], choices, ...more };
}

/** An option without a value. */
export function flag(flags: string, help: string): OptionSpec<boolean> {
  return option(flags, help, parseSwitch, false);
}

/** Where option values come from, the strongest first. */
export interface ConfigSources {
  /** By long name, as commander collected them. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The parsed JSON of `--config`, or null. */
  readonly file: { readonly name: string; readonly content: unknown } | null;
  readonly dotenv: Readonly<Record<string, string>>;
  /** Long names of the options that other commands have: one file, and one environment, serve them all. */
  readonly ofOthers: ReadonlySet<string>;
}

/**
 * Reads every option: flag, NYLAS_MIGRATE_*, NYLAS_*, config file, .env, default, in that order. Throws one
 * UserError('usage') that names every problem at once.
 */
export function resolveOptions<S extends OptionSpecs>(specs: S, sources: ConfigSources): OptionValues<S> {
  const problems: string[] = [];
  const known = [...Object.values(specs).map((spec) => longName(spec.flags)), ...sources.ofOthers];
  const file = fileValues(known, specs, sources.file, problems);
  problems.push(...unknownVariables(sources.env, known, 'the environment'));
  problems.push(...unknownVariables(sources.dotenv, known, '.env'));
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(specs)) {
    const given = firstGiven(spec, sources, file);
    values[key] = given === null ? spec.fallback : parsed(spec, given, problems);
  }
  failOn(problems);
  // Each value was made by its own spec's parser, or is its fallback.
  return values as OptionValues<S>;
}

/** Throws all problems of a configuration as one UserError, if there are any. */
function failOn(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new UserError('usage', problems.join('\n'), 'See --help of this command; nothing was done.');
}

/** `--rate <n>` → `rate`. */
export function longName(flags: string): string {
  return /--([a-z-]+)/.exec(flags)?.[1] ?? flags;
}

interface Given {
  readonly text: string;
  /** How the place is named in messages. */
  readonly place: string;
}

function firstGiven(
  spec: OptionSpec<unknown>,
  sources: ConfigSources,
  file: ReadonlyMap<string, Given>,
): Given | null {
  const name = longName(spec.flags);
  const variables = [variableOf(name), ...spec.alsoFrom];
  return (
    givenFlag(sources.flags[name], `--${name}`) ??
    variables.map((variable) => givenText(sources.env[variable], variable)).find((given) => given !== null) ??
    file.get(name) ??
    variables
      .map((variable) => givenText(sources.dotenv[variable], `${variable} in .env`))
      .find((given) => given !== null) ??
    null
  );
}

const VARIABLE_PREFIX = 'NYLAS_MIGRATE_';

/** `api-uri` → `NYLAS_MIGRATE_API_URI`. */
function variableOf(name: string): string {
  return VARIABLE_PREFIX + name.toUpperCase().replaceAll('-', '_');
}

/** A flag with an empty value is a mistake, such as a shell variable that isn't set; an empty variable isn't. */
function givenFlag(value: unknown, place: string): Given | null {
  const isEmpty = value === '' || (Array.isArray(value) && value.includes(''));
  return isEmpty ? { text: '', place } : givenText(value, place);
}

function givenText(value: unknown, place: string): Given | null {
  if (Array.isArray(value)) return value.every(isScalar) ? { text: value.join('\n'), place } : null;
  if (typeof value === 'boolean' || typeof value === 'number') return { text: String(value), place };
  return typeof value === 'string' && value !== '' ? { text: value, place } : null;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function parsed(spec: OptionSpec<unknown>, { text, place }: Given, problems: string[]): unknown {
  try {
    if (text.trim() !== '') return spec.parse(text);
    problems.push(`${place}: its value is empty`);
  } catch (error) {
    if (error instanceof UserError) problems.push(`${place}: ${error.message} ${error.next}`);
    else problems.push(`${place}: "${text}" is not ${error instanceof Error ? error.message : ''}`);
  }
  return spec.fallback;
}

function fileValues(
  known: readonly string[],
  specs: OptionSpecs,
  file: ConfigSources['file'],
  problems: string[],
): ReadonlyMap<string, Given> {
  const values = new Map<string, Given>();
  if (file === null) return values;
  const { content, name } = file;
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push(`${name}: a configuration file holds one JSON object`);
    return values;
  }
  const byName = new Map(Object.values(specs).map((spec) => [longName(spec.flags), spec]));
  for (const [key, value] of Object.entries(content)) {
    const given = givenText(value, `"${key}" in ${name}`);
    const spec = byName.get(key);
    const wanted = spec === undefined ? null : otherKind(spec, value);
    if (key === 'config') problems.push(`"config" in ${name}: a configuration file can't name another`);
    else if (wanted !== null) problems.push(`"${key}" in ${name} must be ${wanted}`);
    else if (known.includes(key) && given !== null) values.set(key, given);
    else if (known.includes(key)) problems.push(`"${key}" in ${name}: text, a number, true, false or a list`);
    else problems.push(`"${key}" in ${name} is no option${guess(key, known)}`);
  }
  return values;
}

/** What a value of a file must be where it is of another kind; null: it is of the right one. Text can stand for all. */
function otherKind({ flags, fallback, repeats }: OptionSpec<unknown>, value: unknown): string | null {
  if (typeof value === 'string') return null;
  if (typeof fallback === 'boolean') return typeof value === 'boolean' ? null : 'true or false';
  if (Array.isArray(value) && repeats) return value.every(isScalar) ? null : 'text, or a list of texts';
  if (typeof value === 'number' && NUMERIC.test(flags)) return null;
  return NUMERIC.test(flags) ? 'a number' : repeats ? 'text, or a list of texts' : 'text';
}

const NUMERIC = /<(number|share|sample)>/;

/** A mistyped variable would be passed over in silence, and with it what it should have set. */
function unknownVariables(
  env: ConfigSources['env'],
  known: readonly string[],
  place: string,
): readonly string[] {
  const variables = known.map(variableOf);
  const given = Object.keys(env).filter((name) => name.startsWith(VARIABLE_PREFIX));
  return given
    .filter((name) => !variables.includes(name))
    .map((name) => `${name} in ${place} is no option${guess(name, variables)}`);
}

function guess(name: string, known: readonly string[]): string {
  if (/^(NYLAS_MIGRATE_|nylas[-_])?api[-_]?key$/i.test(name))
    return ': the key stands in NYLAS_API_KEY, or in a file that api-key-file names';
  const near = nearest(name, known);
  return near === null ? '' : `; did you mean "${near}"?`;
}

function parseSwitch(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === '1' || word === 'yes') return true;
  if (word === 'false' || word === '0' || word === 'no') return false;
  throw new Error('true or false');
}
