import { createHash } from 'node:crypto';

/** So much text is digested at once. */
const PIECE_CHARS = 32 * 1024;

/** SHA-256 over lines of text, each with a line feed after it. */
export function digestOf(lines: Iterable<string>): string {
  const hash = createHash('sha256');
  let piece = '';
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE_CHARS) continue;
    hash.update(piece);
    piece = '';
  }
  return hash.update(piece).digest('hex');
}
