/**
 * What is to be said about a refused batch travels where the batch stood, and must not be larger: a JSON list of the
 * message and then, for each record at fault, its index and why. Texts that are always the same go as their numbers, so
 * that they find room in the smallest batches.
 */
import { RefusalText } from '../storage/refusal-text.ts';

/** Why a batch or records of it were refused (Produce v8+). */
export interface AppendDetail {
  readonly message: string | null;
  readonly records: readonly { readonly index: number; readonly message: string | null }[];
}

type SentText = string | number | null;

const TEXTS: readonly string[] = Object.values(RefusalText);
const NUMBERS: ReadonlyMap<string | null, number> = new Map(TEXTS.map((text, number) => [text, number]));

const sent = (text: string | null): SentText => NUMBERS.get(text) ?? text;
const received = (text: SentText): string | null => (typeof text === 'number' ? TEXTS[text] : text);

/** Writes as much as `bytes[offset, offset + sizeBytes)` has room for; returns its size, 0 when there is nothing. */
export function writeAppendDetail(
  { message, records }: AppendDetail,
  bytes: Uint8Array,
  offset: number,
  sizeBytes: number,
): number {
  if (message === null && records.length === 0) return 0;
  // Which records were at fault says more than why: clients have a text of their own for the error.
  const indexes = records.map(({ index }) => ({ index, message: null }));
  const details: AppendDetail[] = [
    { message, records },
    { message, records: indexes },
    { message: null, records: indexes },
    { message, records: [] },
  ];
  for (const detail of details) {
    const flat = [sent(detail.message), ...detail.records.flatMap((record) => [record.index, sent(record.message)])];
    const text = Buffer.from(JSON.stringify(flat));
    if (text.length > sizeBytes) continue;
    bytes.set(text, offset);
    return text.length;
  }
  return 0;
}

export function readAppendDetail(bytes: Buffer, offset: number, sizeBytes: number): AppendDetail {
  const [message, ...flat] = JSON.parse(bytes.toString('utf8', offset, offset + sizeBytes)) as SentText[];
  const records: AppendDetail['records'][number][] = [];
  for (let at = 0; at < flat.length; at += 2)
    records.push({ index: flat[at] as number, message: received(flat[at + 1]) });
  return { message: received(message), records };
}
