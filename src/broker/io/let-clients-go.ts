import type { Clock } from '../../base/clock.ts';
import type { ClientState } from './client-state.ts';

/**
 * The end of connections when the broker stops. A connection that is closed with bytes unread is reset, and its client
 * loses answers that it has not read: it would send those batches again, and a snapshot of producers knows only the last. So
 * a client gets its answers, then the end of the stream, and closes; meanwhile the host reads what it sends, and drops it.
 *
 * Thread: I/O.
 */

/** A stop waits this long for answers under way and for clients to close or fall silent, and looks this often. */
const STOP_MS = 2_000;
const STOP_LOOK_MS = 10;
/** Who has produced so lately may send more after any silence: it has to close. */
const PRODUCING_MS = 1_000;

/** Calls `done` once, when clients have closed or want nothing that was taken; those that are left are to be closed. */
export function letClientsGo(clients: ReadonlyMap<number, ClientState>, clock: Clock, done: () => void): void {
  const begunMs = clock.monotonicMs();
  const told = new Set<ClientState>();
  const receivedBefore = new Map<ClientState, number>();
  const look = (): void => {
    let isBusy = false;
    for (const client of clients.values()) {
      const { pending, connection } = client;
      const { receivedBytes } = connection;
      const isQueued = connection.sender.pendingBytes > 0;
      const isAnswering = isQueued || [...pending].some(({ isProduce }) => isProduce);
      const isProducing = begunMs - client.producedMs < PRODUCING_MS;
      isBusy ||= isAnswering || isProducing || receivedBytes !== receivedBefore.get(client);
      receivedBefore.set(client, receivedBytes);
      if (isQueued || pending.length > 0 || told.has(client)) continue;
      told.add(client);
      connection.socket.end();
    }
    if (isBusy && clock.monotonicMs() - begunMs < STOP_MS) clock.schedule(STOP_LOOK_MS, look);
    else done();
  };
  look();
}
