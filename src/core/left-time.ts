/**
 * How long what is left will take, going on as before, in milliseconds; null where it is too early to say.
 * `share`: of the work that is done, between 0 and 1; null where nobody knows how much there is.
 */
export function leftMs({
  share,
  elapsedMs,
}: {
  readonly share: number | null;
  readonly elapsedMs: number;
}): number | null {
  if (share === null || share < 0.01 || elapsedMs < 5_000) return null;
  return (elapsedMs * (1 - share)) / share;
}
