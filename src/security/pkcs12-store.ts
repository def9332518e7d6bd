/**
 * Key stores in PKCS#12 (RFC 7292), as keytool and openssl write them. node:tls reads them too, but it would trust every
 * certificate in them, and finds none in a store without a key. Pure.
 *
 *     PFX { 3, data { safes }, mac }     safe: data | data encrypted { bags }     bag: key | certificate, with attributes
 */
import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual, X509Certificate } from 'node:crypto';
import { contextTag, DerTag, type DerValue, readDer } from './der.ts';
import { KdfPurpose, pkcs12Kdf } from './pkcs12-kdf.ts';
import { type StoredKey, StoreFault, type StoreParts } from './store-parts.ts';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const X509 = '1.2.840.113549.1.9.22.1';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
/** With it Java marks certificates as trusted. */
const TRUSTED_KEY_USAGE = '2.16.840.1.113894.746875.1.1';
const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const PBE_TRIPLE_DES = '1.2.840.113549.1.12.1.3';
const PBE_RC2 = ['1.2.840.113549.1.12.1.5', '1.2.840.113549.1.12.1.6'];
const MACS: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const PRFS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const CIPHERS: Readonly<Record<string, { name: string; keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24 },
};
/** More than any tool asks for; a file must not hold the start up for minutes. */
const ITERATIONS_MAX = 10_000_000;

interface CertificateBag {
  readonly der: Buffer;
  readonly keyId: string | null;
  readonly trusted: boolean;
}
interface KeyBag {
  readonly der: Buffer;
  readonly encrypted: boolean;
  readonly keyId: string | null;
}

/** Throws a StoreFault, or a DerError for what is no PKCS#12 at all. */
export function readPkcs12(bytes: Buffer, password: string | null): StoreParts {
  const [, authSafe, mac] = readDer(bytes).parts();
  if (!authSafe || authSafe.part(0, DerTag.oid).oid() !== DATA) throw new StoreFault('it is signed, not sealed');
  const safes = octets(authSafe.part(1, contextTag(0)).parts()[0]);
  // An empty password and none are not the same to PKCS#12, but no tool tells them apart.
  const secret = password ?? '';
  if (mac && password !== null) checkMac(mac, safes, secret);
  const keys: KeyBag[] = [];
  const certificates: CertificateBag[] = [];
  for (const safe of readDer(safes).parts()) {
    for (const bag of readDer(safeContents(safe, secret)).parts()) readBag(bag, keys, certificates);
  }
  return joined(keys, certificates);
}

function checkMac(mac: DerValue, safes: Buffer, password: string): void {
  const [info, salt, iterations] = mac.parts();
  const oid = info.part(0, DerTag.sequence).part(0, DerTag.oid).oid();
  const hash = MACS[oid];
  if (hash === undefined) throw new StoreFault(`its seal is of an unknown kind (${oid})`);
  const digest = octets(info.parts()[1]);
  const count = bounded(iterations?.number() ?? 1);
  const key = pkcs12Kdf(hash, KdfPurpose.mac, password, octets(salt), count, digest.length);
  const expected = createHmac(hash, key).update(safes).digest();
  if (expected.length !== digest.length || !timingSafeEqual(expected, digest)) {
    throw new StoreFault('its password is wrong', true);
  }
}

function safeContents(safe: DerValue, password: string): Buffer {
  const kind = safe.part(0, DerTag.oid).oid();
  const content = safe.part(1, contextTag(0)).parts()[0];
  if (kind === DATA) return octets(content);
  if (kind !== ENCRYPTED_DATA) throw new StoreFault(`it holds a safe of an unknown kind (${kind})`);
  const [, algorithm, encrypted] = content.part(1, DerTag.sequence).parts();
  // [0] IMPLICIT OCTET STRING
  if (encrypted?.tag !== 0x80) throw new StoreFault('it holds a safe in pieces');
  return decrypt(algorithm, encrypted.content, password);
}

function decrypt(algorithm: DerValue, encrypted: Buffer, password: string): Buffer {
  const scheme = algorithm.part(0, DerTag.oid).oid();
  const { name, key, iv } = scheme === PBES2 ? pbes2(algorithm.parts()[1], password) : pbe(scheme, algorithm, password);
  try {
    const decipher = createDecipheriv(name, key, iv);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    throw new StoreFault('its password is wrong', true);
  }
}

interface CipherKey {
  readonly name: string;
  readonly key: Buffer;
  readonly iv: Buffer;
}

function pbes2(parameters: DerValue, password: string): CipherKey {
  const derivation = parameters.part(0, DerTag.sequence);
  const encryption = parameters.part(1, DerTag.sequence);
  const cipher = CIPHERS[encryption.part(0, DerTag.oid).oid()];
  if (derivation.part(0, DerTag.oid).oid() !== PBKDF2 || !cipher) throw new StoreFault('its cipher is not known here');
  const [salt, iterations, ...rest] = derivation.part(1, DerTag.sequence).parts();
  const prf = rest.find(({ tag }) => tag === DerTag.sequence);
  const hash = prf ? PRFS[prf.part(0, DerTag.oid).oid()] : 'sha1';
  if (hash === undefined) throw new StoreFault('its key derivation is not known here');
  const key = pbkdf2Sync(password, octets(salt), bounded(iterations.number()), cipher.keyBytes, hash);
  return { name: cipher.name, key, iv: octets(encryption.parts()[1]) };
}

function pbe(scheme: string, algorithm: DerValue, password: string): CipherKey {
  if (PBE_RC2.includes(scheme)) {
    throw new StoreFault('its certificates are encrypted with RC2, which OpenSSL has given up; old tools wrote it so');
  }
  if (scheme !== PBE_TRIPLE_DES) throw new StoreFault(`its cipher is not known here (${scheme})`);
  const [salt, iterations] = algorithm.part(1, DerTag.sequence).parts();
  const count = bounded(iterations.number());
  const derive = (purpose: number, sizeBytes: number): Buffer =>
    pkcs12Kdf('sha1', purpose, password, octets(salt), count, sizeBytes);
  return { name: 'des-ede3-cbc', key: derive(KdfPurpose.key, 24), iv: derive(KdfPurpose.iv, 8) };
}

function readBag(bag: DerValue, keys: KeyBag[], certificates: CertificateBag[]): void {
  const kind = bag.part(0, DerTag.oid).oid();
  const value = bag.part(1, contextTag(0)).parts()[0];
  const attributes = (bag.parts()[2]?.parts() ?? []).map((attribute) => ({
    name: attribute.part(0, DerTag.oid).oid(),
    value: attribute.part(1, DerTag.set).parts()[0],
  }));
  const keyId = attributes.find(({ name }) => name === LOCAL_KEY_ID)?.value?.content.toString('hex') ?? null;
  if (kind === KEY_BAG || kind === SHROUDED_KEY_BAG) {
    keys.push({ der: value.whole, encrypted: kind === SHROUDED_KEY_BAG, keyId });
  } else if (kind === CERTIFICATE_BAG && value.part(0, DerTag.oid).oid() === X509) {
    const der = octets(value.part(1, contextTag(0)).parts()[0]);
    certificates.push({ der, keyId, trusted: attributes.some(({ name }) => name === TRUSTED_KEY_USAGE) });
  }
}

/** Keys with their chains; certificates that are marked as trusted, or all when there is neither mark nor key. */
function joined(keys: readonly KeyBag[], certificates: readonly CertificateBag[]): StoreParts {
  const marked = certificates.filter(({ trusted }) => trusted);
  const plain = keys.length === 0 && marked.length === 0 ? certificates : marked;
  const issuers = certificates.filter(({ trusted }) => !trusted).map(({ der }) => der);
  return {
    keys: keys.map(({ der, encrypted, keyId }): StoredKey => {
      const own = certificates.find((certificate) => keyId !== null && certificate.keyId === keyId)?.der ?? issuers[0];
      return { pkcs8: () => der, encrypted, chain: own ? chainFrom(own, issuers) : [] };
    }),
    trusted: plain.map(({ der }) => der),
  };
}

/** The certificate, who issued it, who issued that, as far as the store has them. */
function chainFrom(own: Buffer, others: readonly Buffer[]): Buffer[] {
  const chain = [own];
  const left = new Map(others.filter((der) => !der.equals(own)).map((der) => [der, new X509Certificate(der)]));
  for (let last = new X509Certificate(own); ; ) {
    const issuer = [...left].find(([, candidate]) => last.checkIssued(candidate));
    if (!issuer) return chain;
    chain.push(issuer[0]);
    left.delete(issuer[0]);
    last = issuer[1];
  }
}

function octets(value: DerValue | undefined): Buffer {
  if (value?.tag === DerTag.octetString) return value.content;
  throw new StoreFault('it is in an encoding that is not known here');
}

function bounded(iterations: number): number {
  if (iterations >= 1 && iterations <= ITERATIONS_MAX) return iterations;
  throw new StoreFault(`it asks for ${iterations} rounds of hashing`);
}
