import type { Answer, FaultKind } from '../../src/core/answer.js';
import type { Life } from './life.js';
import type { Said } from './replies.js';

/** What a client hears in the end. */
export type Heard = FaultKind | (Said & { readonly dateMs: number | null });

/** When a call was made, by the clock on the wall and the other one. */
export interface Begun {
  readonly sentAtMs: number;
  readonly startedMs: number;
}

/** The connections of one process. */
export class Connection {
  readonly life: Life;
  readonly #timeoutMs: number;
  readonly #open = new Set<() => void>();

  /** After `timeoutMs` whoever asked gives up waiting. */
  constructor(life: Life, timeoutMs: number) {
    this.life = life;
    this.#timeoutMs = timeoutMs;
  }

  begin(): Begun {
    return { sentAtMs: this.life.now(), startedMs: this.life.monotonic() };
  }

  /** Resolves to what the call hears after so long, or when its time is up; never, where the process has died. */
  hear({ sentAtMs, startedMs }: Begun, afterMs: number, heard: () => Heard): Promise<Answer> {
    const { life } = this;
    const leftMs = Math.max(0, startedMs + this.#timeoutMs - life.monotonic());
    return new Promise((resolve) => {
      const end = (what: Heard): void => {
        if (!life.isOver) resolve(answerOf(what, sentAtMs, life.monotonic() - startedMs));
      };
      this.#await(Math.min(afterMs, leftMs), (isWhole) => {
        end(isWhole ? heard() : 'reset');
      });
    });
  }

  /** Resolves after so long to whether the connection still stands then; never, where the process has died. */
  wait(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#await(ms, (isWhole) => {
        if (!this.life.isOver) resolve(isWhole);
      });
    });
  }

  #await(ms: number, onEnd: (isWhole: boolean) => void): void {
    const end = (isWhole: boolean): void => {
      cancel();
      this.#open.delete(cut);
      onEnd(isWhole);
    };
    const cut = (): void => {
      end(false);
    };
    const cancel = this.life.after(ms, () => {
      end(true);
    });
    this.#open.add(cut);
  }

  /** Breaks whatever is open. */
  cut(): void {
    for (const cut of [...this.#open]) cut();
  }
}

const NEVER_LEFT: ReadonlySet<FaultKind> = new Set(['dns', 'connect', 'tls']);

function answerOf(heard: Heard, sentAtMs: number, latencyMs: number): Answer {
  if (typeof heard === 'string') {
    const left = !NEVER_LEFT.has(heard);
    return { kind: 'fault', fault: heard, left, detail: heard, sentAtMs, latencyMs };
  }
  const { status, body, retryAfter, dateMs } = heard;
  const rest = { excerpt: body === undefined ? '<html>' : '', requestId: 'request', fastlyId: null };
  return { kind: 'reply', status, body, retryAfter, serverDateMs: dateMs, ...rest, sentAtMs, latencyMs };
}
