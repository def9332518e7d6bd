/** What the binary store formats come down to. Pure. */

/** Why a store cannot be read; ends the sentence "The store ... ". */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly wrongPassword: boolean;

  constructor(problem: string, wrongPassword = false) {
    super(problem);
    this.wrongPassword = wrongPassword;
  }
}

export interface StoredKey {
  /** PKCS#8 in DER, encrypted when `encrypted` says so. Throws a StoreFault. */
  pkcs8(password: string | null): Buffer;
  readonly encrypted: boolean;
  /** DER, the key's own certificate first. */
  readonly chain: readonly Buffer[];
}

export interface StoreParts {
  readonly keys: readonly StoredKey[];
  /** Certificates in DER that the store holds as trusted. */
  readonly trusted: readonly Buffer[];
}
