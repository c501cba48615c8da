import { readFileSync } from 'node:fs';

/** `1.0.0+6ce755f`: the version, and the commit that it was built from, if one was known then. */
export function packageVersion(): string {
  const content: unknown = JSON.parse(textOf('../package.json') ?? '{}');
  const isPackage = typeof content === 'object' && content !== null && 'version' in content;
  const version = isPackage ? String(content.version) : 'unknown';
  const commit = textOf('./commit')?.trim() ?? '';
  return commit === '' ? version : `${version}+${commit}`;
}

/** Null: there is no such file beside this one. */
function textOf(path: string): string | null {
  try {
    return readFileSync(new URL(path, import.meta.url), 'utf8');
  } catch {
    return null;
  }
}
