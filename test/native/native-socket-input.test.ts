import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type InputReader, openSocketInput } from '../../src/native/socket-input.ts';
import { openSocketOutput } from '../../src/native/socket-output.ts';
import { sharedBytes, skip } from './native-fixture.ts';

const SCRATCH = 1024;
const memory = sharedBytes(64 * 1024);

/** Keeps what it reads; the next read goes where `into` says. */
class Reader implements InputReader {
  nextReadAt = 0;
  nextReadBytes = 0;
  bytes = Buffer.alloc(0);
  results: number[] = [];
  goesOn = true;
  onRead: () => void = () => {};

  received(count: number): boolean {
    if (count > 0) {
      const from = this.nextReadBytes > 0 ? this.nextReadAt : 0;
      this.bytes = Buffer.concat([this.bytes, memory.subarray(from, from + count)]);
    } else {
      this.results.push(count);
    }
    this.onRead();
    return this.goesOn;
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>((resolve) => (this.onRead = resolve));
  }
}

function pattern(sizeBytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 31) >> 2));
}

describe('socket input', { skip }, () => {
  const outputs = skip ? undefined! : openSocketOutput()!;
  const inputs = skip ? undefined! : openSocketInput(memory, SCRATCH)!;
  let server: Server;
  before(async () => {
    server = createServer({ noDelay: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => void server?.close());

  /** A reader on the server's end of a new connection, and the client's end. */
  async function open(): Promise<{ reader: Reader; input: number; theirs: Socket; close(): void }> {
    const accepted = once(server, 'connection');
    const theirs = connect((server.address() as { port: number }).port, '127.0.0.1');
    const [ours] = (await accepted) as [Socket];
    const output = outputs.attach((ours as unknown as { _handle: { fd: number } })._handle.fd, () => {});
    ours.destroy();
    const reader = new Reader();
    const input = inputs.attach(output, reader);
    const close = () => {
      inputs.detach(input);
      outputs.detach(output);
      theirs.destroy();
    };
    return { reader, input, theirs, close };
  }

  test('bytes come in order through the scratch, then the end of the peer', async () => {
    const { reader, input, theirs, close } = await open();
    const sent = pattern(300_000);
    theirs.end(sent);
    assert.equal(inputs.resume(input), true);
    await reader.until(() => reader.results.length > 0);
    assert.deepEqual([reader.results, reader.bytes.equals(sent)], [[0], true]);
    close();
  });

  test('bytes go where the reader says, and never beyond', async () => {
    const { reader, input, theirs, close } = await open();
    memory.fill(0);
    [reader.nextReadAt, reader.nextReadBytes] = [40_000, 100];
    const sent = pattern(5_000);
    theirs.write(sent);
    inputs.resume(input);
    await reader.until(() => reader.bytes.length === sent.length);
    assert.ok(reader.bytes.equals(sent));
    assert.ok(memory.subarray(0, 40_000).every((byte) => byte === 0));
    assert.ok(memory.subarray(40_100).every((byte) => byte === 0));
    // A place outside of the memory is refused.
    [reader.nextReadAt, reader.nextReadBytes] = [memory.length - 50, 51];
    assert.throws(() => inputs.resume(input), RangeError);
    close();
  });

  test('nothing is read before resume, nor after a reader has said no', async () => {
    const { reader, input, theirs, close } = await open();
    const other = await open();
    inputs.resume(other.input);
    reader.goesOn = false;
    for (let turn = 1; turn <= 3; turn++) {
      await new Promise((resolve) => theirs.write(Buffer.alloc(10, turn), resolve));
      // What another connection sends later is read, so this one's would have been too.
      await new Promise((resolve) => other.theirs.write('x', resolve));
      await other.reader.until(() => other.reader.bytes.length === turn);
      assert.equal(reader.bytes.length, (turn - 1) * 10);
      inputs.resume(input);
      await reader.until(() => reader.bytes.length === turn * 10);
    }
    close();
    other.close();
  });

  test('a reset is an error', async () => {
    const { reader, input, theirs, close } = await open();
    inputs.resume(input);
    theirs.resetAndDestroy();
    await reader.until(() => reader.results.length > 0);
    assert.deepEqual(reader.results, [-104]);
    close();
  });

  test('an input that is detached by the reader of another one is not read any more', async () => {
    const first = await open();
    const second = await open();
    // Both are ready when the thread looks; whoever comes first ends the other.
    await Promise.all([first, second].map(({ theirs }) => new Promise((resolve) => theirs.write('a', resolve))));
    let read = 0;
    for (const [one, other] of [
      [first, second],
      [second, first],
    ]) {
      one.reader.onRead = () => {
        read++;
        inputs.detach(other.input);
      };
    }
    inputs.resume(first.input);
    inputs.resume(second.input);
    // Its place is given to another connection, which must not get what was meant for it.
    await pause(5);
    assert.equal(read, 1);
    const third = await open();
    await nextTurn();
    assert.equal(third.reader.bytes.length, 0);
    for (const { close } of [first, second, third]) close();
  });

  test('microtasks run when all that was ready has been read, and tasks for the end of the pass after them', async () => {
    const ends = [await open(), await open(), await open()];
    await Promise.all(ends.map(({ theirs }) => new Promise((resolve) => theirs.write('b', resolve))));
    const order: string[] = [];
    const done = new Promise<void>((resolve) => {
      for (const { reader } of ends) {
        reader.onRead = () => {
          order.push('read');
          if (order.length > 1) return;
          void Promise.resolve().then(() => order.push('microtask'));
          assert.equal(
            inputs.afterPass(() => {
              order.push('passed');
              resolve();
            }),
            true,
          );
        };
      }
    });
    assert.equal(
      inputs.afterPass(() => {}),
      false,
    );
    for (const { input } of ends) inputs.resume(input);
    await done;
    assert.deepEqual(order, ['read', 'read', 'read', 'microtask', 'passed']);
    for (const { close } of ends) close();
  });

  test('timers, files, and sockets of node go on while inputs are busy', async () => {
    const { reader, input, theirs, close } = await open();
    inputs.resume(input);
    let stopped = false;
    const flood = (async () => {
      while (!stopped) await new Promise((resolve) => theirs.write(Buffer.alloc(64 * 1024), resolve));
    })();
    await reader.until(() => reader.bytes.length > 0);
    await pause(20);
    assert.ok((await readFile(new URL(import.meta.url))).length > 0);
    const accepted = once(server, 'connection');
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    const [served] = (await accepted) as [Socket];
    served.end('hello');
    assert.equal(String((await once(client, 'data'))[0]), 'hello');
    stopped = true;
    await flood;
    client.destroy();
    close();
  });

  test('inputs that are deferred, paused and detached at any time lose nothing', async () => {
    let state = 7;
    const draw = (below: number): number => {
      state = (state * 48_271) % 0x7fffffff;
      return state % below;
    };
    let opening: ReturnType<typeof open> | undefined;
    const connection = async (): Promise<void> => {
      opening = opening ? opening.then(open) : open();
      const { reader, input, theirs, close } = await opening;
      let isClosed = false;
      const resume = () => void (isClosed || inputs.resume(input));
      reader.onRead = () => {
        reader.goesOn = draw(4) > 0;
        if (draw(3) > 0) inputs.defer(input, 1 + draw(4));
        if (reader.goesOn || reader.results.length > 0) return;
        if (draw(2) === 0) setImmediate(resume);
        else setTimeout(resume, draw(5));
      };
      const { onRead } = reader;
      resume();
      const sent = pattern(600 + draw(600));
      for (let at = 0, next = 0; at < sent.length; at = next) {
        next = at + 1 + draw(80);
        await new Promise((resolve) => theirs.write(sent.subarray(at, next), resolve));
        if (draw(3) === 0) await pause(draw(5));
      }
      // Some go with a deferral under way, and others take their places.
      if (draw(2) === 0) {
        theirs.end();
        await new Promise<void>((resolve) => {
          reader.onRead = () => {
            onRead();
            if (reader.results.length > 0) resolve();
          };
          if (reader.results.length > 0) resolve();
        });
        assert.deepEqual([reader.results, reader.bytes.equals(sent)], [[0], true]);
      }
      isClosed = true;
      close();
    };
    const connections = async (): Promise<void> => {
      for (let count = 0; count < 4; count++) await connection();
    };
    await Promise.all(Array.from({ length: 40 }, connections));
  });

  describe('deferred', () => {
    /** A thread that reads connections and tells what came; each byte says for how many ms the next read is deferred. */
    const source = `
      const { parentPort, workerData } = await import('node:worker_threads');
      const { openSocketInput } = await import(workerData.input);
      const { openSocketOutput } = await import(workerData.output);
      const { createServer } = await import('node:net');
      const memory = new Uint8Array(new SharedArrayBuffer(4096));
      const outputs = openSocketOutput();
      const inputs = openSocketInput(memory, 1024);
      let count = 0;
      const server = createServer({ pauseOnConnect: true }, (socket) => {
        const output = outputs.attach(socket._handle.fd, () => {});
        const name = count++;
        socket.destroy();
        const received = (count) => {
          parentPort.postMessage([name, ...memory.subarray(0, Math.max(count, 0))]);
          const ms = memory[count - 1];
          if (count > 0) inputs.defer(input, ms === 255 ? 60_000 : ms);
          return count > 0;
        };
        const input = inputs.attach(output, { received, nextReadAt: 0, nextReadBytes: 0 });
        inputs.resume(input);
        parentPort.postMessage('accepted');
      });
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;
    let worker: Worker;
    let clients: Socket[];
    const told: unknown[] = [];
    const hear = async () => {
      while (told.length === 0) await once(worker, 'message');
      return told.shift();
    };
    const send = (client: number, byte: number) =>
      new Promise((resolve) => clients[client].write(Uint8Array.of(byte), resolve));

    /** A deferred input is read behind the other one, which wakes the thread. */
    const isDeferred = async () => {
      await send(0, 255);
      assert.deepEqual(await hear(), [0, 255]);
      await pause(2);
      await send(0, 0);
      await pause(50);
      await send(1, 0);
      const order = [await hear(), await hear()];
      return String(order[0]) === '1,0';
    };
    /** Something else may wake the thread at times, by which a deferral gains. */
    const assertLeftAlone = async (turn: () => Promise<void>) => {
      for (let round = 0; round < 5; round++) {
        for (let count = 0; count < 12; count++) await turn();
        if (!(await isDeferred())) return;
      }
      assert.fail('deferred in each round');
    };

    beforeEach(async () => {
      const workerData = {
        input: new URL('../../src/native/socket-input.ts', import.meta.url).href,
        output: new URL('../../src/native/socket-output.ts', import.meta.url).href,
      };
      worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData });
      worker.on('message', (message) => void told.push(message));
      const port = (await hear()) as number;
      clients = [];
      for (let at = 0; at < 2; at++) {
        clients.push(connect({ port, host: '127.0.0.1', noDelay: true }).on('error', () => {}));
        assert.equal(await hear(), 'accepted');
      }
    });
    afterEach(async () => {
      for (const client of clients) client.destroy();
      await worker.terminate();
      told.length = 0;
    });

    test('an input is read behind another one', async () => {
      let first: unknown = null;
      // A byte that comes before the thread sleeps is read at once.
      for (let turn = 1; turn <= 50 && String(first) !== '1,0'; turn++) {
        await send(0, 255);
        assert.deepEqual(await hear(), [0, 255]);
        await pause(turn);
        await send(0, 0);
        await send(1, 0);
        first = await hear();
        await hear();
      }
      assert.deepEqual(first, [1, 0]);
      await send(0, 7);
      assert.deepEqual(await hear(), [0, 7]);
    });

    test('an input is read when its time is up, and its end is noticed', async () => {
      for (let turn = 0; turn < 5; turn++) {
        await send(0, 1);
        assert.deepEqual(await hear(), [0, 1]);
      }
      clients[0].end();
      assert.deepEqual(await hear(), [0]);
    });

    test('a reset is noticed at once', async () => {
      await send(0, 255);
      assert.deepEqual(await hear(), [0, 255]);
      clients[0].resetAndDestroy();
      assert.deepEqual(await hear(), [0]);
    });

    test('it is left alone where the time was up again and again', async () => {
      await assertLeftAlone(async () => {
        await send(0, 1);
        assert.deepEqual(await hear(), [0, 1]);
        await pause(10);
      });
    });

    test('it is left alone where bytes waited until the time was up', async () => {
      await assertLeftAlone(async () => {
        await send(0, 20);
        assert.deepEqual(await hear(), [0, 20]);
        // The thread sleeps by then.
        await pause(2);
      });
    });
  });

  test('an exception ends the thread, and a thread that waits can be ended', async () => {
    const source = (last: string) => `
      const { parentPort, workerData } = await import('node:worker_threads');
      const { openSocketInput } = await import(workerData.input);
      const { openSocketOutput } = await import(workerData.output);
      const { createServer } = await import('node:net');
      const outputs = openSocketOutput();
      const inputs = openSocketInput(new Uint8Array(new SharedArrayBuffer(4096)), 1024);
      const server = createServer({ pauseOnConnect: true }, (socket) => {
        const output = outputs.attach(socket._handle.fd, () => {});
        socket.destroy();
        const received = (count) => { ${last} };
        inputs.resume(inputs.attach(output, { received, nextReadAt: 0, nextReadBytes: 0 }));
      });
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;
    const modules = {
      input: new URL('../../src/native/socket-input.ts', import.meta.url).href,
      output: new URL('../../src/native/socket-output.ts', import.meta.url).href,
    };
    for (const [last, ends] of [
      ["throw new Error('of the reader')", 'error'],
      ["parentPort.postMessage('read'); return true;", 'message'],
    ]) {
      const url = new URL(`data:text/javascript,${encodeURIComponent(source(last))}`);
      const worker = new Worker(url, { workerData: modules });
      const [port] = await once(worker, 'message');
      const client = connect(port, '127.0.0.1').on('error', () => {});
      client.write('x');
      const [what] = await once(worker, ends);
      assert.match(String(what), /of the reader|read/);
      await worker.terminate();
      client.destroy();
    }
  });
});
