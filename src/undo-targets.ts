import type { UndoSelection, UndoTarget } from './core/undo.js';
import { targetsOf } from './core/undo-survey.js';
import type { JobPorts } from './job.js';

/** So many are in memory at once, with what is known of who made them; each batch takes a pass over the ledger. */
const BATCH = 100_000;

/** The grants that an undo is to delete, in the order of their ids; nothing is read while a batch is worked on. */
export async function* undoTargets(
  openReader: JobPorts['openReader'],
  selection: UndoSelection,
  batch = BATCH,
): AsyncGenerator<readonly UndoTarget[]> {
  let afterGrantId = '';
  for (;;) {
    const reader = await openReader();
    let targets: readonly UndoTarget[];
    try {
      targets = targetsOf(reader.heldGrants(afterGrantId), selection, batch);
    } finally {
      reader.close();
    }
    const last = targets.at(-1);
    if (last === undefined) return;
    yield targets;
    afterGrantId = last.grantId;
  }
}
