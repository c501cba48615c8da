import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Markup } from './markup.js';

const PAGE = new URL('page/', import.meta.url);

/** What a page brings along: its style and its script, and the policy that lets nothing else in. */
export interface Assets {
  /** Whole elements: white space, too, would change what the policy knows them by. */
  readonly style: Markup;
  readonly script: Markup;
  readonly policy: string;
}

export function readAssets(): Assets {
  const style = readFileSync(new URL('report.css', PAGE), 'utf8');
  const script = readFileSync(new URL('report.js', PAGE), 'utf8');
  const policy = `default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; base-uri 'none'; form-action 'none'`;
  return {
    style: new Markup(`<style>${style}</style>`),
    script: new Markup(`<script>${script}</script>`),
    policy,
  };
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
