/**
 * XXH3 of 64 bits with seed 0 and the default secret, for hashes that others compute too. Written with BigInt, so it is
 * for rare calls, not for data paths. Pure; any thread.
 *
 *     xxh3(bytes: Uint8Array): bigint          the unsigned hash
 */

const MASK_32 = 0xffff_ffffn;
const PRIME32_1 = 0x9e37_79b1n;
const PRIME32_2 = 0x85eb_ca77n;
const PRIME32_3 = 0xc2b2_ae3dn;
const PRIME64_1 = 0x9e37_79b1_85eb_ca87n;
const PRIME64_2 = 0xc2b2_ae3d_27d4_eb4fn;
const PRIME64_3 = 0x1656_67b1_9e37_79f9n;
const PRIME64_4 = 0x85eb_ca77_c2b2_ae63n;
const PRIME64_5 = 0x27d4_eb2f_1656_67c5n;
const MIX_1 = 0x1656_6791_9e37_79f9n;
const MIX_2 = 0x9fb2_1c65_1e98_df25n;

const SECRET = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221' +
    'b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8' +
    'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb' +
    '170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
  'hex',
);
const STRIPE_BYTES = 64;
const STRIPES_PER_BLOCK = (SECRET.length - STRIPE_BYTES) / 8;
const BLOCK_BYTES = STRIPE_BYTES * STRIPES_PER_BLOCK;

export function xxh3(bytes: Uint8Array): bigint {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (input.length <= 16) return hashUpTo16(input);
  if (input.length <= 128) return hashUpTo128(input);
  if (input.length <= 240) return hashUpTo240(input);
  return hashLong(input);
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const secret64 = (at: number): bigint => SECRET.readBigUInt64LE(at);
const secret32 = (at: number): bigint => BigInt(SECRET.readUInt32LE(at));

function foldedProduct(one: bigint, other: bigint): bigint {
  const product = one * other;
  return u64(product) ^ (product >> 64n);
}

function avalanche(hash: bigint): bigint {
  const mixed = u64((hash ^ (hash >> 37n)) * MIX_1);
  return mixed ^ (mixed >> 32n);
}

function avalanche64(hash: bigint): bigint {
  const once = u64((hash ^ (hash >> 33n)) * PRIME64_2);
  const twice = u64((once ^ (once >> 29n)) * PRIME64_3);
  return twice ^ (twice >> 32n);
}

function rotated(value: bigint, bits: bigint): bigint {
  return u64(value << bits) | (value >> (64n - bits));
}

function byteSwapped(value: bigint): bigint {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(value);
  return bytes.readBigUInt64BE();
}

function hashUpTo16(input: Buffer): bigint {
  const { length } = input;
  const size = BigInt(length);
  if (length > 8) {
    const low = input.readBigUInt64LE(0) ^ secret64(24) ^ secret64(32);
    const high = input.readBigUInt64LE(length - 8) ^ secret64(40) ^ secret64(48);
    return avalanche(u64(size + byteSwapped(low) + high + foldedProduct(low, high)));
  }
  if (length >= 4) {
    const first = BigInt(input.readUInt32LE(0));
    const last = BigInt(input.readUInt32LE(length - 4));
    const keyed = u64(last + (first << 32n)) ^ secret64(8) ^ secret64(16);
    const once = u64((keyed ^ rotated(keyed, 49n) ^ rotated(keyed, 24n)) * MIX_2);
    const twice = u64((once ^ u64((once >> 35n) + size)) * MIX_2);
    return twice ^ (twice >> 28n);
  }
  if (length === 0) return avalanche64(secret64(56) ^ secret64(64));
  const middle = BigInt(input[length >> 1]);
  const combined = (BigInt(input[0]) << 16n) | (middle << 24n) | BigInt(input[length - 1]) | (size << 8n);
  return avalanche64(combined ^ secret32(0) ^ secret32(4));
}

function mixed16(input: Buffer, at: number, secretAt: number): bigint {
  return foldedProduct(
    input.readBigUInt64LE(at) ^ secret64(secretAt),
    input.readBigUInt64LE(at + 8) ^ secret64(secretAt + 8),
  );
}

function hashUpTo128(input: Buffer): bigint {
  const { length } = input;
  let hash = BigInt(length) * PRIME64_1;
  // From the middle to both ends, 16 bytes from either side at a time.
  for (let pair = Math.ceil(length / 32) - 1; pair >= 0; pair--) {
    hash += mixed16(input, pair * 16, pair * 32);
    hash += mixed16(input, length - (pair + 1) * 16, pair * 32 + 16);
  }
  return avalanche(u64(hash));
}

function hashUpTo240(input: Buffer): bigint {
  const { length } = input;
  let hash = BigInt(length) * PRIME64_1;
  for (let round = 0; round < 8; round++) hash += mixed16(input, round * 16, round * 16);
  hash = avalanche(u64(hash));
  const rounds = Math.floor(length / 16);
  for (let round = 8; round < rounds; round++) hash += mixed16(input, round * 16, (round - 8) * 16 + 3);
  hash += mixed16(input, length - 16, 136 - 17);
  return avalanche(u64(hash));
}

function hashLong(input: Buffer): bigint {
  const { length } = input;
  const lanes = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1];
  const blocks = Math.floor((length - 1) / BLOCK_BYTES);
  for (let block = 0; block < blocks; block++) {
    for (let stripe = 0; stripe < STRIPES_PER_BLOCK; stripe++) {
      accumulate(lanes, input, block * BLOCK_BYTES + stripe * STRIPE_BYTES, stripe * 8);
    }
    scramble(lanes);
  }
  const rest = blocks * BLOCK_BYTES;
  const stripes = Math.floor((length - 1 - rest) / STRIPE_BYTES);
  for (let stripe = 0; stripe < stripes; stripe++) accumulate(lanes, input, rest + stripe * STRIPE_BYTES, stripe * 8);
  accumulate(lanes, input, length - STRIPE_BYTES, SECRET.length - STRIPE_BYTES - 7);
  let hash = BigInt(length) * PRIME64_1;
  for (let pair = 0; pair < 4; pair++) {
    const at = 11 + pair * 16;
    hash += foldedProduct(lanes[pair * 2] ^ secret64(at), lanes[pair * 2 + 1] ^ secret64(at + 8));
  }
  return avalanche(u64(hash));
}

function accumulate(lanes: bigint[], input: Buffer, at: number, secretAt: number): void {
  for (let lane = 0; lane < 8; lane++) {
    const data = input.readBigUInt64LE(at + lane * 8);
    const key = data ^ secret64(secretAt + lane * 8);
    lanes[lane ^ 1] = u64(lanes[lane ^ 1] + data);
    lanes[lane] = u64(lanes[lane] + (key & MASK_32) * (key >> 32n));
  }
}

function scramble(lanes: bigint[]): void {
  for (let lane = 0; lane < 8; lane++) {
    const value = lanes[lane] ^ (lanes[lane] >> 47n) ^ secret64(SECRET.length - STRIPE_BYTES + lane * 8);
    lanes[lane] = u64(value * PRIME32_1);
  }
}
