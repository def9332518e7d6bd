/**
 * What goes wrong between bytes and values. Thrown by every reader and writer of this folder; any other exception from
 * here is a bug. Any thread.
 */

/**
 * - `malformed`: the bytes are not what the schema says (cut off, a length that lies, null where none may be).
 * - `unsupported-version`: the schema has no such version, or a value has a field that the version cannot carry.
 * - `unencodable`: the value does not fit its field's type.
 */
export type ProtocolErrorReason = 'malformed' | 'unsupported-version' | 'unencodable';

export class ProtocolError extends Error {
  readonly reason: ProtocolErrorReason;

  constructor(reason: ProtocolErrorReason, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.reason = reason;
  }
}
