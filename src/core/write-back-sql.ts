import { identifier, literal, qualified, type Dialect } from './sql-dialect.js';

/** What is written, and where. */
export interface WriteBackTarget {
  readonly dialect: Dialect;
  /** With schema and database, as far as they were named. */
  readonly table: readonly string[];
  /** The table's column that names a row. */
  readonly keyColumn: string;
  /** The table's column that takes the grant id. */
  readonly setColumn: string;
}

/** A grant id, and the key of the rows that shall have it. */
export interface KeyedGrant {
  readonly key: string;
  readonly grantId: string;
}

const LISTED_MAX = 100;
/** The temporary tables: one batch, and what became of all. */
const BATCH = 'nylas_grants';
const TOLD = 'nylas_told';

/** A script's parts. */
interface Statements {
  readonly begin: string;
  readonly batch: (grants: readonly KeyedGrant[]) => string;
  readonly end: string;
}

/** How the dialects differ. */
interface Words {
  readonly settings: readonly string[];
  readonly restore: readonly string[];
  readonly begin: string;
  /** The prefix that names a temporary table and no other; null: that of the user's table. */
  readonly temporary: string | null;
  readonly drop: string;
  /** Where a server asks each table for a primary key. */
  readonly primaryKey: string;
  readonly asText: (expression: string) => string;
  /** Of the column that says what became of a row. */
  readonly outcomeType: string;
  /** Compares texts by their characters, whatever the columns' collations take for the same. */
  readonly exactly: string;
}

const WORDS: Readonly<Record<Dialect, Words>> = {
  postgres: {
    settings: [
      "SET client_encoding = 'UTF8';",
      'SET standard_conforming_strings = on;',
      'SET client_min_messages = warning;',
    ],
    restore: [],
    begin: 'BEGIN;',
    temporary: 'pg_temp.',
    drop: 'DROP TABLE IF EXISTS',
    primaryKey: '',
    asText: (expression) => `CAST(${expression} AS text)`,
    outcomeType: 'text',
    exactly: ' COLLATE "C"',
  },
  mysql: {
    // Strict: a key that a column can't hold is an error, and not another key.
    settings: [
      'SET NAMES utf8mb4;',
      "SET @nylas_sql_mode = @@SESSION.sql_mode, SESSION sql_mode = 'STRICT_ALL_TABLES';",
    ],
    restore: ['SET SESSION sql_mode = @nylas_sql_mode;'],
    begin: 'START TRANSACTION;',
    // A connection need not have chosen a database.
    temporary: null,
    drop: 'DROP TEMPORARY TABLE IF EXISTS',
    primaryKey: ' (n INT NOT NULL AUTO_INCREMENT PRIMARY KEY)',
    asText: (expression) => `CAST(${expression} AS CHAR)`,
    outcomeType: 'CHAR(20)',
    exactly: ' COLLATE utf8mb4_bin',
  },
  sqlite: {
    settings: [],
    restore: [],
    begin: 'BEGIN IMMEDIATE;',
    temporary: 'temp.',
    drop: 'DROP TABLE IF EXISTS',
    primaryKey: '',
    asText: (expression) => `CAST(${expression} AS TEXT)`,
    outcomeType: 'TEXT',
    exactly: ' COLLATE BINARY',
  },
};

/**
 * Keys and grant ids go through a temporary table whose columns are of the types that the user's table has: so
 * indexes are used whatever those are, and what doesn't fit a type is an error. Only empty columns are set.
 */
export function statementsOf(target: WriteBackTarget): Statements {
  const { dialect } = target;
  const words = WORDS[dialect];
  const parts = partsOf(target, words);
  return {
    begin: [...words.settings, ...temporaryTables(parts, words), ''].join('\n'),
    batch: (grants) =>
      [
        '',
        words.begin,
        `DELETE FROM ${parts.batch};`,
        `INSERT INTO ${parts.batch} (match_key, grant_id) VALUES`,
        `${grants.map(({ key, grantId }) => `(${literal(key, dialect)}, ${literal(grantId, dialect)})`).join(',\n')};`,
        tellOutcomes(parts),
        update(parts, dialect),
        'COMMIT;',
        '',
      ].join('\n'),
    end: [
      '',
      '-- How many were set now, had their grant id already, hold another one (left as it is), or were not found;',
      '-- then whom that concerns.',
      `SELECT outcome, count(*) AS how_many FROM ${parts.told} GROUP BY outcome ORDER BY outcome;`,
      `SELECT match_key, outcome, held, grant_id FROM ${parts.told}`,
      `WHERE outcome IN ('holds another', 'not found') ORDER BY outcome, match_key LIMIT ${LISTED_MAX};`,
      ...words.restore,
      '',
    ].join('\n'),
  };
}

/** The names and conditions that the statements are made of. */
interface Parts {
  readonly table: string;
  readonly key: string;
  readonly set: string;
  readonly batch: string;
  readonly told: string;
  /** Whether a row of the table (t) is the one a row of the batch (w) names. */
  readonly isMeant: string;
  readonly isEmpty: string;
}

function partsOf({ dialect, table, keyColumn, setColumn }: WriteBackTarget, words: Words): Parts {
  const { asText, exactly } = words;
  const temporary =
    words.temporary ??
    table
      .slice(0, -1)
      .map((part) => `${identifier(part, dialect)}.`)
      .join('');
  const key = identifier(keyColumn, dialect);
  const set = identifier(setColumn, dialect);
  return {
    table: qualified(table, dialect),
    key,
    set,
    batch: `${temporary}${BATCH}`,
    told: `${temporary}${TOLD}`,
    isMeant: `t.${key} = w.match_key AND ${asText(`t.${key}`)} = ${asText('w.match_key')}${exactly}`,
    isEmpty: `(t.${set} IS NULL OR ${asText(`t.${set}`)} = '')`,
  };
}

/** The columns have the table's types; `held` can be NULL also where that column can't. */
function temporaryTables(
  { table, key, set, batch, told }: Parts,
  { drop, primaryKey, outcomeType }: Words,
): readonly string[] {
  const columns = `t.${key} AS match_key, t.${set} AS grant_id`;
  const outcome = `CASE WHEN 1 = 1 THEN t.${set} END AS held, CAST('' AS ${outcomeType}) AS outcome`;
  return [
    `${drop} ${batch};`,
    `${drop} ${told};`,
    `CREATE TEMPORARY TABLE ${batch}${primaryKey} AS SELECT ${columns} FROM ${table} AS t WHERE 1 = 0;`,
    `CREATE TEMPORARY TABLE ${told}${primaryKey} AS SELECT ${columns}, ${outcome} FROM ${table} AS t WHERE 1 = 0;`,
  ];
}

/** Before anything of the batch is set. */
function tellOutcomes({ table, key, set, batch, told, isMeant, isEmpty }: Parts): string {
  return [
    `INSERT INTO ${told} (match_key, grant_id, held, outcome)`,
    `SELECT w.match_key, w.grant_id, t.${set}, CASE WHEN t.${key} IS NULL THEN 'not found'`,
    `  WHEN ${isEmpty} THEN 'set now' WHEN t.${set} = w.grant_id THEN 'had it' ELSE 'holds another' END`,
    `FROM ${batch} AS w LEFT JOIN ${table} AS t ON ${isMeant};`,
  ].join('\n');
}

function update({ table, set, batch, isMeant, isEmpty }: Parts, dialect: Dialect): string {
  return dialect === 'mysql'
    ? `UPDATE ${table} AS t JOIN ${batch} AS w ON ${isMeant}\nSET t.${set} = w.grant_id WHERE ${isEmpty};`
    : `UPDATE ${table} AS t SET ${set} = w.grant_id\nFROM ${batch} AS w WHERE ${isMeant}\n  AND ${isEmpty};`;
}
