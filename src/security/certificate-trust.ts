/** Whether a trust store vouches for a certificate chain: each certificate in force, up to one that the store holds. Pure. */
import { X509Certificate } from 'node:crypto';
import { certificatesOf } from './key-store.ts';

/** `certificateChain` is PEM, the holder's own certificate first; `trusted` is PEM, one certificate each. */
export function isTrusted(certificateChain: string, trusted: readonly string[], nowMs: number): boolean {
  const anchors = trusted.map((text) => new X509Certificate(text));
  const chain = certificatesOf(certificateChain).map((text) => new X509Certificate(text));
  let holder = chain.shift();
  while (holder) {
    const current: X509Certificate = holder;
    if (anchors.some(({ raw }) => raw.equals(current.raw))) return true;
    if (nowMs < Date.parse(current.validFrom) || nowMs > Date.parse(current.validTo)) return false;
    if (anchors.some((anchor) => hasIssued(anchor, current))) return true;
    const next = chain.findIndex((other) => hasIssued(other, current));
    holder = next < 0 ? undefined : chain.splice(next, 1)[0];
  }
  return false;
}

function hasIssued(issuer: X509Certificate, holder: X509Certificate): boolean {
  return holder.checkIssued(issuer) && holder.verify(issuer.publicKey);
}
