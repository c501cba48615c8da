/** A word as a POSIX shell reads it, quoted only where it must be. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command's words as they are typed. */
export function commandLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
