import { clock, openReader, renderers, reportWriter } from '../context.js';
import type { OptionValues } from '../config.js';
import { UserError } from '../core/errors.js';
import { nextSteps } from '../core/next-steps.js';
import { connectionOptions, verifyingOptions } from '../core/run-options.js';
import { verifySteps, type VerifySummary } from '../core/verify-summary.js';
import { deviationReport, deviationsOf, firstOfEach } from '../deviations.js';
import { stepsContext } from '../next.js';
import type { LedgerReader } from '../ports/ledger-reader.js';
import { readProvenance } from '../provenance.js';
import { verify, type VerifyResult } from '../verify.js';
import type { Action } from './command.js';
import { doJob } from './job.js';
import { VERIFY } from './options.js';
import { assertNotPrecious } from './precious.js';
import type { Destination } from './run-output.js';
import { print, type Shell } from './shell.js';
import { shownOptions } from './shown-options.js';

type Values = OptionValues<typeof VERIFY>;

/** Of each kind. */
const EXAMPLES_MAX = 5;

export const action: Action<typeof VERIFY> = async (values, _args, flags, shell) => {
  await assertOutFree(values);
  return doJob(
    {
      kind: 'verify',
      specs: VERIFY,
      work: (ports) => verify(ports, values),
      tell: (result, exitCode, to, spoken) => tell(values, result, exitCode, to, spoken),
    },
    values,
    flags,
    shell,
  );
};

/** Before anything is asked: nothing may be written over that is needed. */
async function assertOutFree({ out, json, ledger }: Values): Promise<void> {
  if (out === null) return;
  if (out === '-' && json)
    throw new UserError(
      'usage',
      '--out - and --json both want standard output.',
      'Name a file with --out; nothing was compared.',
    );
  if (out === '-') return;
  const reader = await openReader(ledger);
  try {
    const inputs = reader.runs().flatMap(({ inputName }) => (inputName === '' ? [] : [inputName]));
    assertNotPrecious(out, '--out', ledger, inputs);
  } finally {
    reader.close();
  }
}

async function tell(
  values: Values,
  result: VerifyResult,
  exitCode: number,
  to: Destination,
  shell: Shell,
): Promise<void> {
  const reader = await openReader(values.ledger);
  try {
    if (values.out !== null && result.isWhole) await writeDeviations(values.out, reader, result, shell);
    const summary = summaryOf(values, reader, result, to);
    if (values.json) {
      const { counts, ...rest } = summary;
      await print(shell.stdout, JSON.stringify({ ...counts, ...rest, exitCode }, null, 2));
    } else await print(values.out === '-' ? shell.stderr : shell.stdout, (await renderers.verify())(summary));
  } finally {
    reader.close();
  }
}

async function writeDeviations(
  out: string,
  reader: LedgerReader,
  result: VerifyResult,
  shell: Shell,
): Promise<void> {
  const write = await reportWriter();
  const to = out === '-' ? { stream: shell.stdout } : { file: out };
  const provenance = () => readProvenance(reader, shell.version, clock.now());
  await write({ ...deviationReport(reader, result), provenance }, 'csv', to);
}

function summaryOf(
  values: Values,
  reader: LedgerReader,
  result: VerifyResult,
  { target, host }: Destination,
): VerifySummary {
  const { ledger: ledgerPath, out } = values;
  const { runId, verdict, isWhole, counts } = result;
  const given = shownOptions(values, VERIFY);
  const asked = {
    ledgerPath,
    connection: connectionOptions(given),
    options: verifyingOptions(given),
    out,
    isWhole,
  };
  const fromLedger = stepsContext(reader, clock.now(), ledgerPath);
  return {
    runId,
    ledgerPath,
    host,
    application: { id: target.applicationId, name: target.name },
    verdict,
    isWhole,
    counts,
    deviations: firstOfEach(deviationsOf(reader, result), EXAMPLES_MAX),
    out,
    next: [...verifySteps(counts, asked), ...(isWhole ? nextSteps(reader.counts(), fromLedger) : [])],
  };
}
