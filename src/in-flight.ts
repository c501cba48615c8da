import type { LegacyUser } from './core/record.js';

/** The records and emails being worked on in this process, each with its end. */
export class InFlight {
  readonly #ends = new Map<string, Promise<void>>();

  /** Marks a user as being worked on; returns how to end that. */
  begin(user: LegacyUser): () => void {
    let resolve = (): void => undefined;
    const ended = new Promise<void>((settle) => {
      resolve = settle;
    });
    const names = namesOf(user);
    for (const name of names) this.#ends.set(name, ended);
    return () => {
      for (const name of names) this.#ends.delete(name);
      resolve();
    };
  }

  blocks(user: LegacyUser): boolean {
    return namesOf(user).some((name) => this.#ends.has(name));
  }

  /** Resolves when nothing that blocks this user now is being worked on any more. */
  async ended(user: LegacyUser): Promise<void> {
    const ends = namesOf(user).map((name) => this.#ends.get(name));
    await Promise.all(ends.filter((end) => end !== undefined));
  }
}

/** One email is never in flight twice, whatever the provider: Nylas may keep one grant for both. */
function namesOf(user: LegacyUser): readonly string[] {
  return user.mailbox === null ? [`key ${user.key}`] : [`key ${user.key}`, `mailbox ${user.mailbox}`];
}
