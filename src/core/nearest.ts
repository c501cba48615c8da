/** The candidate that `word` is most likely a slip of, or null where none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let distanceMax = distanceAllowed(wanted.length);
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) > distanceMax) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance > distanceMax) continue;
    best = candidate;
    distanceMax = distance - 1;
  }
  return best;
}

/** Longer than any name: comparing it would only take time. */
const WORD_LENGTH_MAX = 64;

/** Two letters swapped are two edits, which would make any three letters of any three others. */
function distanceAllowed(length: number): number {
  if (length > WORD_LENGTH_MAX) return -1;
  return length < 4 ? 1 : Math.max(2, Math.floor(length / 3));
}

/** Insertions, deletions and replacements between two words (Levenshtein), one row of the table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) row = nextRow(row, from[i - 1], to, i);
  return row[to.length] ?? 0;
}

function nextRow(above: readonly number[], letter: string | undefined, to: string, first: number): number[] {
  const row = [first];
  for (let column = 1; column <= to.length; column++) {
    const replaced = (above[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
    row.push(Math.min(replaced, (above[column] ?? 0) + 1, (row[column - 1] ?? 0) + 1));
  }
  return row;
}
