import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../../src/base/random.ts';
import { FetchSessionCache } from '../../../src/broker/io/fetch-session.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import type { FetchRequest, FetchResponse } from '../../../src/protocol/messages/01-fetch.ts';
import { RowSlot } from '../../../src/ring/partition-table.ts';
import { TOPIC_ID } from '../../storage/log-fixture.ts';
import { FetchFixture, partitionsAt } from './fetch-fixture.ts';

const now = { maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 26 };

/** A client that keeps its session as a consumer does. */
class SessionClient {
  id = 0;
  epoch = 0;
  readonly fixture: FetchFixture;
  readonly version: number;

  constructor(fixture: FetchFixture, version = 12) {
    this.fixture = fixture;
    this.version = version;
  }

  fetch(offsets: Record<number, number>, forgotten: number[] = []): FetchResponse {
    const topic = this.version >= 13 ? { topicId: TOPIC_ID } : { topic: 't' };
    const partitions = Object.entries(offsets).map(([partition, fetchOffset]) => ({
      partition: Number(partition),
      fetchOffset,
      partitionMaxBytes: 1 << 20,
      currentLeaderEpoch: -1,
    }));
    const answer = this.fixture.fetch(
      {
        ...now,
        sessionId: this.id,
        sessionEpoch: this.epoch,
        topics: partitions.length > 0 ? [{ ...topic, partitions }] : [],
        forgottenTopicsData: forgotten.length > 0 ? [{ ...topic, partitions: forgotten }] : [],
      },
      this.version,
    );
    if (answer.errorCode === ErrorCode.NONE) {
      this.id = answer.sessionId;
      this.epoch++;
    }
    return answer;
  }
}

/** Partitions that the response speaks of, in its order. */
const told = ({ responses }: FetchResponse): number[] =>
  responses.flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex));

describe('fetch session', () => {
  for (const version of [7, 12, 13, 17]) {
    test(`version ${version}: after the first answer only what is new is told`, () => {
      const fixture = new FetchFixture();
      const client = new SessionClient(fixture, version);
      assert.deepEqual(told(client.fetch({ 0: 0, 1: 0, 2: 0 })), [0, 1, 2]);
      assert.ok(client.id > 0);
      assert.deepEqual(told(client.fetch({})), []);
      fixture.append(1, 10);
      assert.deepEqual(told(client.fetch({})), [1]);
      // Not taken by the client, so it comes again.
      assert.deepEqual(told(client.fetch({})), [1]);
      assert.deepEqual(told(client.fetch({ 1: 1 })), []);
    });
  }

  test('a moved log start or high watermark is told without records', () => {
    const fixture = new FetchFixture();
    const client = new SessionClient(fixture);
    fixture.append(0, 10);
    client.fetch({ 0: 1, 1: 0 });
    fixture.table.set(0, RowSlot.logStartOffset, 1);
    assert.deepEqual(told(client.fetch({})), [0]);
    assert.deepEqual(told(client.fetch({})), []);
  });

  test('an error is told as long as it lasts, and the partition once more when it has gone', () => {
    const fixture = new FetchFixture();
    const client = new SessionClient(fixture);
    client.fetch({ 0: 0, 1: 0 });
    assert.deepEqual(told(client.fetch({ 0: 9 })), [0]);
    assert.deepEqual(told(client.fetch({})), [0]);
    assert.deepEqual(told(client.fetch({ 0: 0 })), [0]);
    assert.deepEqual(told(client.fetch({})), []);
  });

  for (const version of [12, 13]) {
    test(`version ${version}: partitions come and go; without any the session ends`, () => {
      const fixture = new FetchFixture();
      const client = new SessionClient(fixture, version);
      client.fetch({ 0: 0 });
      assert.deepEqual(told(client.fetch({ 2: 0 })), [2]);
      fixture.append(0, 10);
      assert.deepEqual(told(client.fetch({}, [0])), []);
      assert.equal(fixture.sessions.size, 1);
      assert.equal(client.fetch({}, [2]).sessionId, 0);
      assert.equal(fixture.sessions.size, 0);
    });
  }

  test('a partition that gave data is served last next time', () => {
    const fixture = new FetchFixture();
    const client = new SessionClient(fixture);
    client.fetch({ 0: 0, 1: 0, 2: 0 });
    fixture.append(0, 10);
    client.fetch({});
    for (const partition of [1, 2]) fixture.append(partition, 10);
    assert.deepEqual(told(client.fetch({})), [1, 2, 0]);
    assert.deepEqual(told(client.fetch({ 1: 1 })), [2, 0]);
  });

  test('wrong ids and epochs are told at the top, with nothing else', () => {
    const fixture = new FetchFixture();
    const client = new SessionClient(fixture);
    client.fetch({ 0: 0 });
    const { id } = client;
    for (const [sessionId, sessionEpoch, error] of [
      [id + 1, 1, ErrorCode.FETCH_SESSION_ID_NOT_FOUND],
      [0, 1, ErrorCode.FETCH_SESSION_ID_NOT_FOUND],
      [id, 2, ErrorCode.INVALID_FETCH_SESSION_EPOCH],
      [id, -2, ErrorCode.INVALID_FETCH_SESSION_EPOCH],
    ]) {
      const answer = fixture.fetch({ ...now, maxWaitMs: 60_000, sessionId, sessionEpoch, topics: [] });
      assert.deepEqual([answer.errorCode, answer.sessionId, answer.responses], [error, 0, []]);
    }
    client.epoch = 1;
    assert.equal(client.fetch({}).errorCode, ErrorCode.NONE, 'the session is as it was');
    const withIds = fixture.fetch({ ...now, sessionId: id, sessionEpoch: 2, topics: [] }, 13);
    assert.equal(withIds.errorCode, ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
  });

  test('epoch 0 with an id begins anew, epoch -1 ends the session', () => {
    const fixture = new FetchFixture();
    const client = new SessionClient(fixture);
    client.fetch({ 0: 0 });
    const before = client.id;
    client.epoch = 0;
    assert.deepEqual(told(client.fetch({ 1: 0 })), [1]);
    assert.notEqual(client.id, before);
    assert.equal(fixture.sessions.size, 1);
    client.epoch = -1;
    assert.deepEqual(told(client.fetch({ 2: 0 })), [2]);
    assert.deepEqual([client.id, fixture.sessions.size], [0, 0]);
  });

  test('the epoch goes on with 1 after the greatest', () => {
    const cache = new FetchSessionCache(10, 0, 1, seededRandom(1));
    const body = {
      sessionId: 0,
      sessionEpoch: 0,
      topics: [{ topic: 't', topicId: '', partitions: partitionsAt([0]) }],
      forgottenTopicsData: [],
    } as unknown as FetchRequest;
    const { session, sessionId } = cache.open(body, 12, 0);
    session!.epoch = 2 ** 31 - 1;
    const next = { ...body, sessionId, topics: [] };
    assert.equal(cache.open({ ...next, sessionEpoch: 2 ** 31 - 1 }, 12, 0).errorCode, 0);
    assert.equal(cache.open({ ...next, sessionEpoch: 1 }, 12, 0).errorCode, 0);
  });

  test('a full cache serves without a session, and gives up what has been idle for two minutes', () => {
    const fixture = new FetchFixture({ sessionSlots: 2 });
    const [one, two, three] = [0, 1, 2].map(() => new SessionClient(fixture));
    one.fetch({ 0: 0 });
    two.fetch({ 0: 0 });
    assert.deepEqual([told(three.fetch({ 0: 0 })), three.id], [[0], 0]);
    fixture.clock.advance(60_000);
    two.fetch({});
    fixture.clock.advance(60_001);
    three.epoch = 0;
    three.fetch({ 0: 0 });
    assert.ok(three.id > 0);
    assert.equal(two.fetch({}).errorCode, ErrorCode.NONE);
    assert.equal(one.fetch({}).errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
  });

  test('threads give ids that tell them apart', () => {
    for (const thread of [0, 1, 2]) {
      const cache = new FetchSessionCache(100, thread, 3, seededRandom(thread));
      for (let i = 0; i < 50; i++) {
        const topics = [{ topic: 't', topicId: '', partitions: partitionsAt([0]) }];
        const body = { sessionId: 0, sessionEpoch: 0, topics, forgottenTopicsData: [] } as unknown as FetchRequest;
        const { sessionId } = cache.open(body, 12, 0);
        assert.ok(sessionId > 0 && sessionId < 2 ** 31);
        assert.equal(sessionId % 3, thread);
      }
    }
  });

  test('a partition named more than once is answered once, for what is asked last, where it stood first', () => {
    for (const sessionEpoch of [-1, 0]) {
      const fixture = new FetchFixture();
      const sizes = [fixture.append(0, 10), fixture.append(0, 20)];
      fixture.append(1, 10);
      const named = (...asked: [partition: number, fetchOffset: number][]) => ({
        topic: 't',
        partitions: asked.map(([partition, fetchOffset]) => ({ partition, fetchOffset, partitionMaxBytes: 1 << 20 })),
      });
      const topics = [named([0, 9], [1, 0]), named([9, 0], [0, 0], [9, 0]), named([0, 1])];
      const { responses, sessionId } = fixture.fetch({ ...now, sessionEpoch, topics }, 12);
      assert.deepEqual(told({ responses } as FetchResponse), [0, 1, 9]);
      assert.equal(responses[0].partitions[0].records?.length, sizes[1]);
      if (sessionEpoch === -1) continue;
      const again = fixture.fetch({ ...now, sessionId, sessionEpoch: 1, topics: [] }, 12);
      assert.deepEqual(told(again).sort(), [0, 1, 9]);
    }
  });

  test('a session may begin without any partition', () => {
    const fixture = new FetchFixture();
    fixture.append(1, 10);
    const client = new SessionClient(fixture);
    client.fetch({});
    assert.ok(client.id > 0);
    assert.deepEqual(told(client.fetch({ 1: 0 })), [1]);
  });

  test('sessions together hold a bounded number of partitions', () => {
    const cache = new FetchSessionCache(1000, 0, 1, seededRandom(1), 100);
    const open = (sessionId: number, sessionEpoch: number, from: number, count: number) => {
      const partitions = Array.from({ length: count }, (_, index) => ({ partition: from + index, fetchOffset: 0 }));
      const topics = [{ topic: 't', topicId: '', partitions }];
      return cache.open({ sessionId, sessionEpoch, topics, forgottenTopicsData: [] } as unknown as FetchRequest, 12, 0);
    };
    const first = open(0, 0, 0, 60);
    assert.ok(first.sessionId > 0);
    const second = open(0, 0, 0, 60);
    assert.deepEqual([second.sessionId, second.partitions.length], [0, 60]);
    assert.equal(open(first.sessionId, 1, 60, 40).partitions.length, 100);
    assert.equal(open(first.sessionId, 2, 100, 1).errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    assert.equal(cache.size, 0);
    assert.ok(open(0, 0, 0, 100).sessionId > 0, 'what an ended session held is free again');
  });
});
