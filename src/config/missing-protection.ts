/**
 * A broker that was told to protect itself must not run open. Each check ends by itself when the setting is read
 * somewhere and its mark in the table gone. Pure; control thread, at start.
 */
import { NOT_YET } from './accepted-reasons.ts';
import type { BrokerConfig } from './broker-config.ts';
import { brokerConfigDefinition } from './broker-configs.ts';
import { ConfigError } from './config-error.ts';
import type { BrokerListeners } from './listeners.ts';

/** Throws a ConfigError when access control or SASL is asked for and not there yet. */
export function refuseMissingProtection(config: BrokerConfig, { listeners }: BrokerListeners): void {
  const missing = (name: string): boolean => brokerConfigDefinition(name)?.accepted === NOT_YET;
  const refuse = (what: string, check: string, fix: string): never => {
    throw new ConfigError(`${what}, which this version cannot do yet; it would run unprotected`, check, fix);
  };
  if (config.string('authorizer.class.name') !== '' && missing('authorizer.class.name')) {
    refuse(
      'Access control is asked for',
      'authorizer.class.name',
      'leave it out, and keep strangers away by other means',
    );
  }
  for (const { name, securityProtocol } of listeners) {
    if (!securityProtocol.startsWith('SASL') || !missing('sasl.enabled.mechanisms')) continue;
    refuse(
      `Listener ${name} is to speak ${securityProtocol}`,
      'listeners and listener.security.protocol.map',
      securityProtocol === 'SASL_SSL'
        ? 'use SSL, with ssl.client.auth=required to know the clients'
        : 'use PLAINTEXT, or SSL with ssl.client.auth=required',
    );
  }
}
