/**
 * Divides what there is room for among groups: each gets the same, and what small ones leave goes to the larger
 * ones. The sum is `room`, or everything where that is less.
 */
export function fairShares(sizes: readonly number[], room: number): readonly number[] {
  const shares = sizes.map(() => 0);
  const ascending = [...sizes.keys()].sort((a, b) => (sizes[a] ?? 0) - (sizes[b] ?? 0));
  let left = room;
  for (const [place, index] of ascending.entries()) {
    const share = Math.min(sizes[index] ?? 0, Math.floor(left / (ascending.length - place)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}
