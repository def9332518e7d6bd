/**
 * Listeners as the network layer opens them and metadata advertises them. A listener whose name stands in
 * controller.listener.names is recognised and kept apart: it is not opened for clients. Pure; control thread, at start.
 *
 *     brokerListeners(config: BrokerConfig): BrokerListeners        throws a ConfigError
 */
import type { BrokerConfig } from './broker-config.ts';
import { SECURITY_PROTOCOLS } from './config-definition.ts';
import { ConfigError } from './config-error.ts';
import { splitList } from './config-value.ts';

export type SecurityProtocol = (typeof SECURITY_PROTOCOLS)[number];

export interface Listener {
  /** Upper case. */
  readonly name: string;
  /** Without brackets for IPv6; '' is every interface. */
  readonly host: string;
  /** 0: a free one is picked. */
  readonly port: number;
  readonly securityProtocol: SecurityProtocol;
}

export interface AdvertisedListener {
  readonly name: string;
  /** '' when nothing was said: the address that the client itself connected to serves best. */
  readonly host: string;
  /** 0: the port that was bound. */
  readonly port: number;
}

export interface BrokerListeners {
  readonly listeners: readonly Listener[];
  readonly controllerListeners: readonly Listener[];
  /** One for each of `listeners`, in their order. */
  readonly advertised: readonly AdvertisedListener[];
  readonly interBrokerListenerName: string;
}

export function brokerListeners(config: BrokerConfig): BrokerListeners {
  const controllerNames = controllerListenerNames(config);
  const protocols = listenerProtocols(config);
  const all = config.list('listeners').map((text) => parseEndpoint('listeners', text));
  refuseDuplicates('listeners', all, true);
  const typed = all.map((endpoint) => ({ ...endpoint, securityProtocol: protocolOf(endpoint.name, protocols) }));
  const listeners = typed.filter(({ name }) => !controllerNames.includes(name));
  if (listeners.length === 0) {
    throw new ConfigError(
      'No listener is left for clients: every one of listeners stands in controller.listener.names',
      'listeners and controller.listener.names',
      'add a listener for clients, such as PLAINTEXT://:9092',
    );
  }
  return {
    listeners,
    controllerListeners: typed.filter(({ name }) => controllerNames.includes(name)),
    advertised: advertisedListeners(config, listeners, controllerNames),
    interBrokerListenerName: interBrokerListener(config, listeners),
  };
}

function controllerListenerNames(config: BrokerConfig): readonly string[] {
  return config.list('controller.listener.names').map((name) => name.toUpperCase());
}

type Endpoint = Pick<Listener, 'name' | 'host' | 'port'>;

/** `NAME://host:port`, `NAME://:port`, `NAME://[::1]:port`. Throws a ConfigError that names the setting. */
export function parseEndpoint(setting: string, text: string): Endpoint {
  const match = /^([^:/\s]+):\/\/(?:\[([0-9a-zA-Z\-%._:]*)\]|([0-9a-zA-Z\-%._]*)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[4]);
  if (!match || port > 65_535) {
    throw new ConfigError(
      `Invalid value ${text} for configuration ${setting}: not a listener`,
      setting,
      'write NAME://host:port, as in PLAINTEXT://0.0.0.0:9092 or PLAINTEXT://[::1]:9092',
    );
  }
  return { name: match[1].toUpperCase(), host: match[2] ?? match[3], port };
}

function refuseDuplicates(setting: string, endpoints: readonly Endpoint[], portsToo: boolean): void {
  for (const [at, endpoint] of endpoints.entries()) {
    const sameName = endpoints.findIndex(({ name }) => name === endpoint.name) !== at;
    const samePort =
      portsToo && endpoint.port !== 0 && endpoints.slice(0, at).some((other) => collide(other, endpoint));
    if (!sameName && !samePort) continue;
    throw new ConfigError(
      `${setting} has ${sameName ? `the name ${endpoint.name}` : `the port ${endpoint.port}`} twice`,
      setting,
      'give each listener a name and a port of its own',
    );
  }
}

/** Two listeners may share a port only when one is IPv4 and the other IPv6. */
function collide(one: Endpoint, other: Endpoint): boolean {
  if (one.port !== other.port) return false;
  const families = [one, other].map(({ host }) => (host.includes(':') ? 6 : /^\d+(\.\d+){3}$/.test(host) ? 4 : 0));
  return !(families.includes(4) && families.includes(6));
}

/** By listener, in upper case. Throws a ConfigError. */
export function listenerProtocols(config: BrokerConfig): ReadonlyMap<string, SecurityProtocol> {
  const setting = 'listener.security.protocol.map';
  const protocols = new Map<string, SecurityProtocol>();
  for (const pair of splitList(config.string(setting))) {
    const at = pair.lastIndexOf(':');
    const name = pair.slice(0, at).trim().toUpperCase();
    const protocol = SECURITY_PROTOCOLS.find(
      (known) =>
        known ===
        pair
          .slice(at + 1)
          .trim()
          .toUpperCase(),
    );
    if (at <= 0 || protocol === undefined || protocols.has(name)) {
      throw new ConfigError(
        `Invalid value ${pair} for configuration ${setting}: ${protocols.has(name) ? 'the name stands there twice' : 'not a pair of listener and protocol'}`,
        setting,
        `write NAME:PROTOCOL pairs; protocols are ${SECURITY_PROTOCOLS.join(', ')}`,
      );
    }
    protocols.set(name, protocol);
  }
  // As in Kafka, controllers speak PLAINTEXT unless the map was given.
  if (!config.isSet(setting)) for (const name of controllerListenerNames(config)) protocols.set(name, 'PLAINTEXT');
  return protocols;
}

function protocolOf(name: string, protocols: ReadonlyMap<string, SecurityProtocol>): SecurityProtocol {
  const protocol = protocols.get(name);
  if (protocol !== undefined) return protocol;
  throw new ConfigError(
    `Listener ${name} has no security protocol`,
    'listener.security.protocol.map',
    `add ${name}:PLAINTEXT (or SSL, SASL_PLAINTEXT, SASL_SSL) to listener.security.protocol.map`,
  );
}

function advertisedListeners(
  config: BrokerConfig,
  listeners: readonly Listener[],
  controllerNames: readonly string[],
): AdvertisedListener[] {
  const setting = 'advertised.listeners';
  const given = config.get(setting)?.map((text) => parseEndpoint(setting, text));
  refuseDuplicates(setting, given ?? [], false);
  const unknown = given?.find(
    ({ name }) => !controllerNames.includes(name) && !listeners.some((listener) => listener.name === name),
  );
  const wildcard = given?.find(({ host }) => host === '0.0.0.0' || host === '::');
  if (unknown || wildcard) {
    throw new ConfigError(
      unknown
        ? `${setting} names ${unknown.name}, which is not in listeners`
        : `${setting} has ${wildcard!.host}, to which no client can connect`,
      `${setting} and listeners`,
      'advertise for each listener the host name or address that clients can reach',
    );
  }
  return listeners.map(({ name, host, port }) => {
    const own = given?.find((endpoint) => endpoint.name === name);
    if (own) return own;
    return { name, host: host === '0.0.0.0' || host === '::' ? '' : host, port };
  });
}

function interBrokerListener(config: BrokerConfig, listeners: readonly Listener[]): string {
  const wanted = config.get('inter.broker.listener.name')?.toUpperCase();
  const protocol = config.string('security.inter.broker.protocol');
  const found = listeners.find(({ name }) => name === (wanted ?? protocol));
  if (found) return found.name;
  if (wanted === undefined) {
    return (listeners.find(({ securityProtocol }) => securityProtocol === protocol) ?? listeners[0]).name;
  }
  throw new ConfigError(
    `inter.broker.listener.name is ${wanted}, which is not in listeners`,
    'inter.broker.listener.name and listeners',
    `use one of ${listeners.map(({ name }) => name).join(', ')}`,
  );
}
