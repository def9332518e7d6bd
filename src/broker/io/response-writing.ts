/** Writes the primitive types of hand-written responses (Produce, Fetch) at `output.at`; room was ensured before. */
import type { ResponseOutput } from './response-output.ts';

const TWO_32 = 2 ** 32;
/** Up to here bytes are copied one by one, which costs less than the call of `set`. */
const SHORT_BYTES = 48;

export function writeInt16(output: ResponseOutput, value: number): void {
  output.view.setInt16(output.at, value);
  output.at += 2;
}

export function writeInt32(output: ResponseOutput, value: number): void {
  output.view.setInt32(output.at, value);
  output.at += 4;
}

export function writeInt64(output: ResponseOutput, value: number): void {
  const high = Math.floor(value / TWO_32);
  output.view.setInt32(output.at, high);
  output.view.setUint32(output.at + 4, value - high * TWO_32);
  output.at += 8;
}

export function writeUvarint(output: ResponseOutput, value: number): void {
  const memory = output.memory;
  while (value >= 0x80) {
    memory[output.at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  memory[output.at++] = value;
}

export function writeBytes(output: ResponseOutput, bytes: Uint8Array): void {
  const { memory, at } = output;
  if (bytes.length > SHORT_BYTES) memory.set(bytes, at);
  else for (let i = 0; i < bytes.length; i++) memory[at + i] = bytes[i];
  output.at += bytes.length;
}

/** Element count of an array. */
export function writeCount(output: ResponseOutput, count: number, flexible: boolean): void {
  if (flexible) writeUvarint(output, count + 1);
  else writeInt32(output, count);
}

/** Text given as its UTF-8 bytes. */
export function writeString(output: ResponseOutput, bytes: Uint8Array, flexible: boolean): void {
  if (flexible) writeUvarint(output, bytes.length + 1);
  else writeInt16(output, bytes.length);
  writeBytes(output, bytes);
}

export function writeNullableString(output: ResponseOutput, bytes: Uint8Array | null, flexible: boolean): void {
  if (bytes) writeString(output, bytes, flexible);
  else if (flexible) writeUvarint(output, 0);
  else writeInt16(output, -1);
}

/** The empty section of tagged fields. */
export function writeNoTags(output: ResponseOutput, flexible: boolean): void {
  if (flexible) output.memory[output.at++] = 0;
}

/** Opens a frame: room for its size, correlation id, header tags. Returns where the frame begins. */
export function beginFrame(output: ResponseOutput, correlationId: number, flexible: boolean): number {
  const start = output.at;
  output.ensure(16);
  output.at += 4;
  writeInt32(output, correlationId);
  writeNoTags(output, flexible);
  return start;
}

/** Fills in the size of a frame that began at `start` and has `fileBytes` in file ranges. */
export function endFrame(output: ResponseOutput, start: number, fileBytes: number): void {
  output.view.setInt32(start, output.at - start - 4 + fileBytes);
}
