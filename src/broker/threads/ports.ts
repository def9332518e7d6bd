/** The two ways in which hosts talk: between threads over message ports, or on one thread by a queued call. */
import type { MessagePort, Transferable, Worker } from 'node:worker_threads';
import type { Port } from '../io/io-messages.ts';

/** Over a worker or its parent port. Messages that come before `onMessage` wait in node's own queue. */
export function threadPort<Out, In>(peer: Worker | MessagePort): Port<Out, In> {
  return {
    post: (message, transfer) => peer.postMessage(message, transfer as readonly Transferable[] | undefined),
    onMessage: (receive) => void peer.on('message', receive),
  };
}

/** Both ends on one thread. Messages arrive later, in order, never from within `post`. */
export function portPair<A, B>(): [Port<A, B>, Port<B, A>] {
  let toB: (message: A) => void = () => {};
  let toA: (message: B) => void = () => {};
  return [
    { post: (message) => queueMicrotask(() => toB(message)), onMessage: (receive) => void (toA = receive) },
    { post: (message) => queueMicrotask(() => toA(message)), onMessage: (receive) => void (toB = receive) },
  ];
}
