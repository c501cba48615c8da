import type { Mutant } from './mutants.js';

/** The source with the mutant's fault in it. Throws where it isn't the source that the mutant was made for. */
export function mutated(source: string, { name, file, edits }: Mutant): string {
  return edits.reduce((text, { find, replace }) => {
    const places = text.split(find).length - 1;
    if (places !== 1) throw new Error(`${name}: in ${file}, “${find}” stands ${places} times, not once`);
    return text.replace(find, () => replace);
  }, source);
}
