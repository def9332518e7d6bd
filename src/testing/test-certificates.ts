/**
 * Certificates for tests: an authority made on the spot, and what it issues. Keys never leave the process.
 *
 *     const authority = createTestAuthority();
 *     const { key, certificate } = authority.issue({ commonName: 'broker', hosts: ['localhost', '127.0.0.1'] });
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { contextTag, DerTag, writeDer, writeOid } from '../security/der.ts';
import { pemOf } from '../security/pem.ts';

export interface TestCertificate {
  /** PEM, PKCS#8. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

export interface TestCertificateOptions {
  readonly commonName: string;
  /** DNS names and IPv4 addresses that it is valid for. */
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface TestAuthority extends TestCertificate {
  issue(options: TestCertificateOptions): TestCertificate;
}

const ECDSA_SHA256 = writeDer(DerTag.sequence, writeOid('1.2.840.10045.4.3.2'));
const COMMON_NAME = writeOid('2.5.4.3');
const BASIC_CONSTRAINTS = writeOid('2.5.29.19');
const ALTERNATIVE_NAMES = writeOid('2.5.29.17');
const DAY_MS = 86_400_000;
const UTC_TIME = 0x17;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const TRUE = Buffer.from('0101ff', 'hex');

export function createTestAuthority(commonName = 'Test authority'): TestAuthority {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const self = { commonName, issuer: commonName, signer: privateKey };
  return {
    key: pemKey(privateKey),
    certificate: certificate({ ...self, holder: privateKey, authority: true }),
    issue(options) {
      const holder = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      return {
        key: pemKey(holder),
        certificate: certificate({ ...options, issuer: commonName, signer: privateKey, holder, authority: false }),
      };
    },
  };
}

interface Contents extends TestCertificateOptions {
  readonly issuer: string;
  readonly signer: KeyObject;
  readonly holder: KeyObject;
  readonly authority: boolean;
}

function certificate(contents: Contents): string {
  const { commonName, issuer, signer, holder, authority, hosts = [] } = contents;
  const notBefore = contents.notBefore ?? new Date(Date.now() - DAY_MS);
  const notAfter = contents.notAfter ?? new Date(Date.now() + DAY_MS);
  const serial = randomBytes(8);
  serial[0] = (serial[0] & 0x7f) | 0x40;
  const version3 = writeDer(contextTag(0), writeDer(DerTag.integer, Buffer.of(2)));
  const extensions = [
    extension(BASIC_CONSTRAINTS, writeDer(DerTag.sequence, authority ? TRUE : Buffer.alloc(0)), authority),
    ...(hosts.length === 0 ? [] : [extension(ALTERNATIVE_NAMES, writeDer(DerTag.sequence, ...hosts.map(host)), false)]),
  ];
  const body = writeDer(
    DerTag.sequence,
    version3,
    writeDer(DerTag.integer, serial),
    ECDSA_SHA256,
    name(issuer),
    writeDer(DerTag.sequence, time(notBefore), time(notAfter)),
    name(commonName),
    createPublicKey(holder).export({ type: 'spki', format: 'der' }),
    writeDer(contextTag(3), writeDer(DerTag.sequence, ...extensions)),
  );
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', body, signer)]);
  return pemOf('CERTIFICATE', writeDer(DerTag.sequence, body, ECDSA_SHA256, writeDer(DerTag.bitString, signature)));
}

function extension(oid: Buffer, value: Buffer, critical: boolean): Buffer {
  return writeDer(DerTag.sequence, oid, ...(critical ? [TRUE] : []), writeDer(DerTag.octetString, value));
}

function name(commonName: string): Buffer {
  const text = writeDer(DerTag.utf8String, Buffer.from(commonName));
  return writeDer(DerTag.sequence, writeDer(DerTag.set, writeDer(DerTag.sequence, COMMON_NAME, text)));
}

function host(text: string): Buffer {
  if (isIP(text) === 4) return writeDer(IP_ADDRESS, Buffer.from(text.split('.').map(Number)));
  return writeDer(DNS_NAME, Buffer.from(text));
}

/** YYMMDDHHMMSSZ; good from 1950 to 2049. */
function time(date: Date): Buffer {
  return writeDer(UTC_TIME, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}

function pemKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
