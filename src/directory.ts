import { credentialKey } from './core/fingerprint.js';
import { mapHeader } from './core/header.js';
import type { Provider } from './core/provider.js';
import type { ReadingOptions } from './core/record.js';
import { interpretRow } from './core/row.js';
import type { RecordSource } from './ports/source.js';

/** Names that only a person can tell apart: here one is as good as the other. */
const ALIASES_DEFAULT = [
  ['exchange', 'microsoft'],
  ['eas', 'ews'],
] as const;

/** Whose mailbox each token of a CSV opens, for the simulator: real Nylas asks the provider. */
export async function readDirectory(
  source: RecordSource,
  asked: ReadingOptions,
): Promise<ReadonlyMap<string, string>> {
  const directory = new Map<string, string>();
  const open = await source.open();
  try {
    const reading = {
      ...asked,
      providerAliases: new Map<string, Provider>([...ALIASES_DEFAULT, ...asked.providerAliases]),
    };
    const header = mapHeader(open.header, reading);
    const options = { reading, keyOfCredential: (token: string) => credentialKey(token, NO_KEY) };
    for await (const batch of open.batches) {
      for (const raw of batch) {
        const row = interpretRow(raw, header, options);
        const token = row.kind === 'user' ? row.user.body.settings['refresh_token'] : undefined;
        if (row.kind === 'user' && row.user.email !== null && typeof token === 'string') {
          directory.set(token, row.user.email);
        }
      }
    }
    return directory;
  } finally {
    await open.close();
  }
}

/** Nothing is kept of these names, so nothing has to be kept secret. */
const NO_KEY = new Uint8Array(32);
