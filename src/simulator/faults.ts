import { UserError } from '../core/errors.js';
import { PROVIDERS, type Provider } from '../core/provider.js';
import type { Random } from './random.js';
import { refused, type JsonReply, type Reply } from './reply.js';
import { providerThrottled } from './scenarios.js';

type StatusFault = '429' | '500' | '502' | '503' | '504';
type ConnectFault = StatusFault | 'late' | 'lost' | 'reset' | 'hang' | 'slow' | 'html' | 'truncated';
type FaultKind = ConnectFault | `${StatusFault}:reads` | `throttle:${Provider}`;

/** Something that befalls a share of the requests. */
export interface Fault {
  readonly kind: FaultKind;
  /** From 0 to 1. */
  readonly probability: number;
}

/** What a fault does: whether Nylas does the work all the same, and what is seen of its answer. */
export interface FaultEffect {
  readonly carriedOut: boolean;
  readonly distort: (answer: JsonReply) => Reply;
}

const STATUS_EFFECTS: Readonly<Record<StatusFault, FaultEffect>> = {
  '429': instead(() => refused(429, 'nylas_rate_limit_exceeded', 'Too many requests for this application')),
  '500': instead(() => refused(500, 'api.internal_error', 'Internal error')),
  '502': instead(() => ({ kind: 'html', status: 502 })),
  '503': instead(() => refused(503, 'api.internal_error', 'Service unavailable')),
  '504': instead(() => refused(504, 'api.provider_error', 'The provider did not answer in time')),
};

const CONNECT_EFFECTS: Readonly<Record<ConnectFault, FaultEffect>> = {
  ...STATUS_EFFECTS,
  late: after(() => refused(504, 'api.provider_error', 'The provider did not answer in time')),
  lost: after(() => ({ kind: 'cut', why: 'lost' })),
  reset: instead(() => ({ kind: 'cut', why: 'reset' })),
  hang: instead(() => ({ kind: 'hang' })),
  slow: after((answer) => ({ ...answer, manner: 'slow' })),
  html: instead(() => ({ kind: 'html', status: 200 })),
  truncated: after((answer) => ({ ...answer, manner: 'truncated' })),
};

/** A fault that strikes before the work is done. */
function instead(distort: FaultEffect['distort']): FaultEffect {
  return { carriedOut: false, distort };
}

/** A fault that strikes once the work is done. */
function after(distort: FaultEffect['distort']): FaultEffect {
  return { carriedOut: true, distort };
}

/** By fault on a submission, what it does. */
const SUBMISSION_EFFECTS: ReadonlyMap<string, FaultEffect> = new Map(Object.entries(CONNECT_EFFECTS));

/** By fault on a read, what it does. */
const READ_EFFECTS: ReadonlyMap<string, FaultEffect> = new Map(
  Object.entries(STATUS_EFFECTS).map(([status, effect]) => [`${status}:reads`, effect]),
);

/** Every kind of fault there is. */
const FAULT_KINDS: readonly string[] = [
  ...SUBMISSION_EFFECTS.keys(),
  ...READ_EFFECTS.keys(),
  ...PROVIDERS.map((provider) => `throttle:${provider}`),
];

function isFaultKind(text: string): text is FaultKind {
  return FAULT_KINDS.includes(text);
}

/** Reads `KIND=PROBABILITY`, as in `502=0.01`. Throws UserError. */
export function parseFault(text: string): Fault {
  const [, kind = '', share = ''] = /^([^=]+)=(\d*\.?\d+)$/.exec(text.trim()) ?? [];
  const probability = Number(share);
  if (!isFaultKind(kind)) throw badFault(`"${text}" is not a fault.`);
  if (share === '' || probability > 1) throw badFault(`"${text}": the probability must be from 0 to 1.`);
  return { kind, probability };
}

function badFault(message: string): UserError {
  const statuses = Object.keys(STATUS_EFFECTS).join('|');
  const kinds = [...SUBMISSION_EFFECTS.keys(), `(${statuses}):reads`, `throttle:(${PROVIDERS.join('|')})`];
  return new UserError(
    'usage',
    message,
    `Write KIND=PROBABILITY, as in 502=0.01. Kinds: ${kinds.join(', ')}.`,
  );
}

/** The fault that befalls a submission for this provider, if any. */
export function drawSubmissionFault(
  faults: readonly Fault[],
  provider: Provider,
  random: Random,
): FaultEffect | null {
  const throttle = instead(() => providerThrottled(provider));
  const effectOf = (kind: FaultKind) =>
    kind === `throttle:${provider}` ? throttle : SUBMISSION_EFFECTS.get(kind);
  return draw(faults, effectOf, random);
}

/** The fault that befalls a read, if any. */
export function drawReadFault(faults: readonly Fault[], random: Random): FaultEffect | null {
  return draw(faults, (kind) => READ_EFFECTS.get(kind), random);
}

/** One draw decides between all that can strike here, so that their probabilities add up. */
function draw(
  faults: readonly Fault[],
  effectOf: (kind: FaultKind) => FaultEffect | undefined,
  random: Random,
): FaultEffect | null {
  let rest = random();
  for (const { kind, probability } of faults) {
    const effect = effectOf(kind);
    if (effect === undefined) continue;
    if (rest < probability) return effect;
    rest -= probability;
  }
  return null;
}
