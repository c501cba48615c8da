import { flag, option } from '../config.js';
import { type SampleSize, parseCount, parseSampleSize, parseText } from '../core/parse.js';
import { RUN_OPTIONS } from './run-options.js';

/** Of `undo` alone. */
export const UNDO_OPTIONS = {
  run: option(
    '--run <number>',
    'only records that this run dealt with last',
    parseCount(1, 1e9),
    null as number | null,
  ),
  provider: RUN_OPTIONS.provider,
  only: RUN_OPTIONS.only,
  yes: option(
    '--yes <number>',
    'delete so many grants: exactly the number that it printed without this',
    parseCount(0, 1e9),
    null as number | null,
  ),
};

export const VERIFY_OPTIONS = {
  adopt: flag('--adopt', 'record the grants of people who signed in by themselves'),
  probe: option(
    '--probe <sample>',
    'try some grants for real, one small request each: so many, or about a share, such as 1%',
    parseSampleSize,
    null as SampleSize | null,
  ),
  out: option(
    '--out <file>',
    'every deviation as a CSV; - is standard output',
    parseText,
    null as string | null,
  ),
};

export const RESOLVE_OPTIONS = {
  list: flag('--list', 'the records to decide about; nothing is changed'),
  accept: flag('--accept', 'the mailbox that answered is right: the record gets its grant'),
  reject: flag('--reject', 'it is not: the record stays without a grant'),
  grant: option(
    '--grant <id>',
    'the record gets this grant of the application instead',
    parseText,
    null as string | null,
  ),
  by: option('--by <name>', 'who decides', parseText, null as string | null),
  why: option('--why <text>', 'for what reason', parseText, null as string | null),
  decisions: option(
    '--decisions <csv>',
    'many at once: a CSV with the columns key, decision, grant_id, by, why',
    parseText,
    null as string | null,
  ),
};
