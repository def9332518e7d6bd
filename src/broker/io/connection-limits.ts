/**
 * How many connections are taken, in all and from one address, counted by all I/O threads together (max.connections,
 * max.connections.per.ip and its overrides). The bounds may change at any time; connections that are there already stay.
 * I/O thread.
 */
import type { BrokerConfig } from '../../config/broker-config.ts';
import type { Admission } from '../../network/listener.ts';
import type { SharedTally } from '../../ring/shared-tally.ts';

/** Structured-cloned. */
export interface ConnectionBounds {
  readonly connectionsMax: number;
  readonly perAddressMax: number;
  /** By address, in place of `perAddressMax`. */
  readonly overrides: ReadonlyMap<string, number>;
}

export function connectionBounds(config: BrokerConfig): ConnectionBounds {
  const overrides = new Map<string, number>();
  for (const pair of config.string('max.connections.per.ip.overrides').split(',')) {
    const colon = pair.lastIndexOf(':');
    if (colon > 0) overrides.set(addressOf(pair.slice(0, colon).trim()), Number(pair.slice(colon + 1)));
  }
  return {
    connectionsMax: config.int('max.connections'),
    perAddressMax: config.int('max.connections.per.ip'),
    overrides,
  };
}

export class ConnectionLimits {
  bounds: ConnectionBounds;
  readonly #perAddress = new Map<string, number>();
  /** By address, of all I/O threads. */
  readonly #open: SharedTally;

  constructor(bounds: ConnectionBounds, open: SharedTally) {
    this.bounds = bounds;
    this.#open = open;
  }

  /** An address that has too many is refused; where there are too many in all, whoever comes waits, as in Kafka. */
  admits(address: string): Admission {
    const { connectionsMax, perAddressMax, overrides } = this.bounds;
    // Addresses that the shared count has no place for are counted by each thread.
    const open = Math.max(this.#open.of(address), this.#perAddress.get(address) ?? 0);
    if (open >= (overrides.get(address) ?? perAddressMax)) return 'no';
    return this.#open.total < connectionsMax ? 'yes' : 'later';
  }

  opened(address: string): void {
    this.#open.add(address, 1);
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
  }

  closed(address: string): void {
    this.#open.add(address, -1);
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }
}

/** Connections are counted by address, so the one name that everybody has is put into numbers. */
function addressOf(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host.replace(/^\[(.*)\]$/, '$1');
}
