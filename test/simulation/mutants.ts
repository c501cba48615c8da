/** A text that stands once in a source, and what stands there in the mutant. */
interface Edit {
  readonly find: string;
  readonly replace: string;
}

/** A fault put into the product on purpose, to see that the simulation notices it. */
export interface Mutant {
  readonly name: string;
  /** Below src/. */
  readonly file: string;
  readonly edits: readonly Edit[];
}

const edit = (find: string, replace: string): Edit => ({ find, replace });

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'sends before the intent is committed',
    file: 'submit.ts',
    edits: [
      edit('const id = await ledger.intend(', 'const intent = ledger.intend('),
      edit(
        'const answer = await work.send(submit, () => !work.isLaneStopped(job.user));',
        'const answer = await work.send(submit, () => !work.isLaneStopped(job.user)); const id = await intent;',
      ),
    ],
  },
  {
    name: 'says that a change is committed before it is',
    file: 'adapters/sqlite/group-commit.ts',
    edits: [
      edit(
        '      this.#commit.run();',
        '      for (const change of group) change.settle(null);\n      this.#rollback();',
      ),
    ],
  },
  {
    name: 'takes what a dead process was submitting for still being submitted',
    file: 'adapters/sqlite/ledger.ts',
    edits: [
      edit('this.#writes.recoverInterrupted.run({ startedAtMs, settleDelayMs, intentWaitMaxMs });', ''),
    ],
  },
  {
    name: 'lets a second hold more than the rate',
    file: 'core/pace.ts',
    edits: [edit('const SECOND_MS = 1008;', 'const SECOND_MS = 900;')],
  },
  {
    name: 'reserves slots in advance',
    file: 'pacer.ts',
    edits: [
      edit(
        'letGo(this.#pace, nowMs);\n      queue.shift()?.(nowMs);',
        'const slotMs = Math.max(this.#pace.leftAtMs.at(-1) ?? 0, this.#nextMs(queue, nowMs));\n' +
          'letGo(this.#pace, slotMs);\nqueue.shift()?.(slotMs);',
      ),
      edit(
        'hasLeft(this.#pace, letGoAtMs, this.#clock.monotonic());',
        'hasLeft(this.#pace, letGoAtMs, letGoAtMs);',
      ),
    ],
  },
  {
    name: 'forgets what it let go that hasn’t left yet',
    file: 'core/pace.ts',
    edits: [
      edit(
        'const room = capacityOf(pace) - leavingSinceMs.length;',
        'const room = Math.max(1, capacityOf(pace) - Math.min(leavingSinceMs.length, 1));',
      ),
    ],
  },
  {
    name: 'adopts any grant of the mailbox, however old',
    file: 'core/settle.ts',
    edits: [edit('touchedAt(grant) >= opensAt,', 'true,')],
  },
  {
    name: 'adopts the grant of another mailbox',
    file: 'core/settle.ts',
    edits: [edit('expected.has(foldEmail(grant.email)) &&\n      touchedAt', 'touchedAt')],
  },
  {
    name: 'takes the grant of another mailbox for the record’s own',
    file: 'core/outcome.ts',
    edits: [edit("isOtherMailbox(grant, user) ? 'granted_other' : 'granted'", "'granted'")],
  },
  {
    name: 'believes a refusal that follows a doubt',
    file: 'submit.ts',
    edits: [
      edit(
        "if (outcome.kind !== 'refused' || job.doubtOpensAt === null) return outcome;",
        'if (work.retry.attemptsMax > 0) return outcome;',
      ),
    ],
  },
  {
    name: 'submits again what is in doubt without a look',
    file: 'core/plan.ts',
    edits: [
      edit(
        "return waitOr({ kind: 'settle' }, record, 'in_doubt', policy);",
        "return waitOr({ kind: 'submit' }, record, 'in_doubt', policy);",
      ),
    ],
  },
  {
    name: 'looks at once instead of after the settle delay',
    file: 'core/retry.ts',
    edits: [edit("{ kind: 'settle', delayMs: policy.settleDelayMs }", "{ kind: 'settle', delayMs: 0 }")],
  },
  {
    name: 'sends a single-use token again after one empty look',
    file: 'settle.ts',
    edits: [edit('const EMPTY_LOOKS_MIN = 2;', 'const EMPTY_LOOKS_MIN = 1;')],
  },
  {
    name: 'sends a token for a second record of a mailbox while the first is in doubt',
    file: 'core/plan.ts',
    edits: [edit("plan.kind === 'submit' && view.doubt !== null", 'view.doubt !== view.doubt')],
  },
  {
    name: 'takes a 5xx for a refusal',
    file: 'core/outcome.ts',
    edits: [edit('answer.status >= 500 || answer.status === 408 || error === null', 'error === null')],
  },
  {
    name: 'gives a healthy grant that was there an older credential',
    file: 'core/plan.ts',
    edits: [edit("return policy.existing === 'skip' ? 'existing' : null;", 'return null;')],
  },
  {
    name: 'works on two records of one email at once',
    file: 'in-flight.ts',
    edits: [edit('user.mailbox === null ?', 'user.key !== "" ?')],
  },
  {
    name: 'never leaves off a record whose attempts are used up',
    file: 'settle.ts',
    edits: [edit("if (job.tries.attempts >= work.retry.attemptsMax) return 'used_up';", '')],
  },
  {
    name: 'gives a repeat attempts of its own',
    file: 'core/plan.ts',
    edits: [
      edit('if (!isBegun && record?.fingerprint === view.fingerprint())', 'if (isBegun && seenOnLine < 0)'),
    ],
  },
  {
    name: 'skips what failed though its credential has changed',
    file: 'core/plan.ts',
    edits: [edit('reopened || record.fingerprint !== view.fingerprint()', 'reopened')],
  },
  {
    name: 'begins more than --limit allows',
    file: 'dispatch.ts',
    edits: [edit('return this.limitReached || begun >=', 'return begun >=')],
  },
  {
    name: 'wakes nobody who waits for room in a lane',
    file: 'turns.ts',
    edits: [edit('    lanes.wakeCrowds();\n', '')],
  },
  {
    name: 'forgets to count what was left out of another pass',
    file: 'feed.ts',
    edits: [edit("tally.put('held_back', left.size - taken);", '')],
  },
  {
    name: 'sends twice as much as may be in flight',
    file: 'window.ts',
    edits: [edit('limit.concurrency = count;', 'limit.concurrency = 2 * count;')],
  },
];
