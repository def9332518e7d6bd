/** Raw clients over TLS. */
import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { RawClient } from './raw-client.ts';

export interface TlsOptions extends ConnectionOptions {
  /** A session came that another connection may go on with. */
  readonly onSession?: (session: Buffer) => void;
}

/** Rejects when the handshake fails. */
export async function tlsSocket(port: number, { onSession, ...options }: TlsOptions): Promise<TLSSocket> {
  const own = { port, host: '127.0.0.1', servername: 'localhost', allowHalfOpen: true };
  const socket = connect({ ...own, ...options });
  if (onSession) socket.on('session', onSession);
  try {
    await once(socket, 'secureConnect');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

export async function tlsClient(
  port: number,
  options: TlsOptions & { paused?: boolean },
): Promise<RawClient & { socket: TLSSocket }> {
  const { paused = false, ...rest } = options;
  return RawClient.over(await tlsSocket(port, rest), { paused }) as RawClient & { socket: TLSSocket };
}
