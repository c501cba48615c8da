import type { RawRow } from '../core/record.js';

/** How far an input has been read. */
interface InputProgress {
  readonly bytesRead: number;
  /** Null where the input's size isn't known beforehand. */
  readonly bytesTotal: number | null;
  /** The rows in what has been read, those included that haven't been handed out yet. */
  readonly rowsParsed: number;
}

/** An input that can be read as rows, once each time it is opened. */
export interface RecordSource {
  /** How the input is named in messages: a path, `standard input`, or the command. */
  readonly name: string;
  /** Opens the input and reads its header. Throws UserError where it isn't readable or isn't a CSV. */
  open(): Promise<OpenSource>;
  /** Gives up an opening that is going on, which then fails: nothing may ever come. */
  giveUp(): void;
}

export interface OpenSource {
  /** The header's names as written, without a byte order mark. */
  readonly header: readonly string[];
  readonly delimiter: string;
  /** What was recognised on the way to the text, such as `gzip` or `UTF-16 LE`; nothing for plain UTF-8. */
  readonly notes?: readonly string[];
  /** Rows in file order, in batches of a few hundred; blank lines are left out. Throws UserError. */
  readonly batches: AsyncIterable<readonly RawRow[]>;
  readonly progress: () => InputProgress;
  /** Of the raw bytes read so far: of the whole input once `batches` has ended. */
  readonly digest: () => { readonly sha256: string; readonly bytes: number };
  /** Stops reading and lets go of the input. Safe to call twice. */
  readonly close: () => Promise<void>;
}
