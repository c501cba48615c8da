import { option } from '../config.js';
import { parseCount, parseNumber, parseText } from '../core/parse.js';
import { PROVIDERS } from '../core/provider.js';
import { parseProviders, parseWords } from './shared-options.js';

export const SIMULATE_OPTIONS = {
  port: option('--port <number>', 'the port on 127.0.0.1; 0: any free one', parseCount(0, 65_535), 0),
  latency: option('--latency <duration>', 'of each call, such as 200ms or 0.5s-3s', parseText, '0ms'),
  rateLimit: option(
    '--rate-limit <number>',
    'requests a second before 429; 0: no limit',
    parseNumber(0, 100_000),
    50,
  ),
  fault: option(
    '--fault <kind=share>',
    'such as 502=0.01, lost=0.025 or throttle:google=0.1',
    parseWords,
    [],
    {
      repeats: true,
    },
  ),
  connectors: option('--connectors <providers>', 'the connectors it has', parseProviders, PROVIDERS, {
    repeats: true,
    choices: PROVIDERS,
    shownDefault: 'all',
  }),
  seed: option('--seed <number>', 'of everything random', parseCount(0, 2 ** 31), 1),
  users: option(
    '--users <csv>',
    'a CSV whose tokens it shall know, so that each answers for its own mailbox',
    parseText,
    null as string | null,
  ),
};
