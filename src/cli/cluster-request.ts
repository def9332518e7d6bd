/**
 * Requests that the client library does not know or reads wrongly, sent over its connections with the codecs of
 * `src/protocol`.
 */
import { type Admin, type Connection, createAPI, Writer } from '@platformatic/kafka';
import { decode, encode, type MessageInput, type MessageType, type Schema } from '../protocol/codec.ts';
import { containsVersion } from '../protocol/schema.ts';
import { CliError } from './cli-error.ts';

/** Sends a request in the newest version that both sides know. Throws a CliError when there is none. */
export async function sendRequest<Q extends Schema, S extends Schema>(
  admin: Admin,
  connection: Connection,
  requestSchema: Q,
  responseSchema: S,
  body: MessageInput<Q>,
): Promise<MessageType<S>> {
  const { apiKey, name, versions, flexibleVersions } = requestSchema;
  const offered = (await admin.listApis()).find((api) => api.apiKey === apiKey);
  const version = Math.min(versions.max, offered?.maxVersion ?? -1);
  if (!offered || version < Math.max(versions.min, offered.minVersion)) {
    throw new CliError(`the broker does not know ${name}`, 'connect to a newer broker');
  }
  const flexible = containsVersion(flexibleVersions, version);
  const api = createAPI<[], MessageType<S>>(
    apiKey,
    version,
    () => Writer.create().append(encode(requestSchema, body as never, version)),
    (_correlationId, _apiKey, _version, reader) =>
      decode(responseSchema, reader.buffer.slice(reader.position), 0, version) as MessageType<S>,
    flexible,
    flexible,
  );
  return api.async(connection);
}

/** A connection to the broker that coordinates a group. */
export async function groupCoordinator(admin: Admin, groupId: string): Promise<Connection> {
  const [{ nodeId }] = await admin.findCoordinator({ keyType: 0, keys: [groupId] });
  const connection = (await admin.connectToBrokers([nodeId])).get(nodeId);
  if (!connection)
    throw new CliError(`node ${nodeId}, which coordinates ${groupId}, is not there`, 'wait for it, and try again');
  return connection;
}
