import { flag, option } from '../config.js';
import { CATEGORIES, STATUSES } from '../core/category.js';
import { ISSUE_KINDS } from '../core/ledger-rows.js';
import { parseChoice, parseText } from '../core/parse.js';

export const REPORT_OPTIONS = {
  format: option(
    '--format <format>',
    'csv, jsonl, json, sql, or html: a page for people',
    parseChoice(['csv', 'jsonl', 'json', 'sql', 'html']),
    'csv',
  ),
  raw: flag('--raw', 'CSV values as they are, for programs: no apostrophe before = + - @'),
  out: option('--out <file>', 'where it goes; - is standard output', parseText, '-'),
  maskEmails: flag('--mask-emails', 'a***@example.com for every email address, for files that travel'),
  provenance: option(
    '--provenance <file>',
    'writes beside it, as JSON, where it comes from: runs, inputs, counts, digest',
    parseText,
    null as string | null,
  ),
  select: option(
    '--select <statuses>',
    'only these statuses, separated by commas',
    parseText,
    null as string | null,
    { choices: [...STATUSES, ...ISSUE_KINDS] },
  ),
  category: option('--category <categories>', 'only these categories', parseText, null as string | null, {
    choices: CATEGORIES,
  }),
  columns: option(
    '--columns <columns>',
    'only these columns, in this order',
    parseText,
    null as string | null,
    {
      shownDefault: 'all',
    },
  ),
};
