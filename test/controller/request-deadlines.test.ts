// Requests that give their work no time, or whose time is over before their turn comes: Apache Kafka does not begin them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { imageContent } from '../metadata/image-content.ts';
import { creatable, createRequest, LATEST, startedController } from './controller-setup.ts';

const { REQUEST_TIMED_OUT } = ErrorCode;

for (const timeoutMs of [0, -1]) {
  test(`with a time of ${timeoutMs} ms nothing is done, and every part of the request is told so`, async () => {
    const { controller } = await startedController();
    await controller.createTopics(createRequest([creatable('a'), creatable('b')]), LATEST);
    const before = imageContent(controller.image);

    const names = ['c', 'a', 'bad name', 'd', 'd'];
    const created = await controller.createTopics(
      { ...createRequest(names.map((name) => creatable(name))), timeoutMs },
      LATEST,
    );
    assert.deepEqual(
      created.topics.map(({ name, topicId, errorCode, errorMessage }) => [name, topicId, errorCode, errorMessage]),
      names.map((name) => [name, ZERO_UUID, REQUEST_TIMED_OUT, null]),
    );

    const byId = { name: null, topicId: controller.image.topics.idOf('b')! };
    const named = [{ name: 'a', topicId: ZERO_UUID }, byId, { name: 'none', topicId: ZERO_UUID }];
    const deleted = await controller.deleteTopics({ topics: named, topicNames: [], timeoutMs }, LATEST);
    assert.deepEqual(
      deleted.responses,
      named.map((topic) => ({ ...topic, errorCode: REQUEST_TIMED_OUT, errorMessage: null })),
    );
    const older = await controller.deleteTopics({ topics: [], topicNames: ['a'], timeoutMs }, LATEST);
    assert.deepEqual(older.responses[0].errorCode, REQUEST_TIMED_OUT);

    const grow = { name: 'a', count: 7, assignments: null };
    const grown = await controller.createPartitions({ topics: [grow], timeoutMs, validateOnly: false }, LATEST);
    assert.deepEqual(grown.results, [{ name: 'a', errorCode: REQUEST_TIMED_OUT, errorMessage: null }]);

    const partitions = [{ partitionIndex: 0, replicas: [1] }];
    const moved = await controller.alterPartitionReassignments(
      { topics: [{ name: 'a', partitions }], allowReplicationFactorChange: true, timeoutMs },
      LATEST,
    );
    assert.deepEqual([moved.errorCode, moved.responses[0].partitions[0].errorCode], Array(2).fill(REQUEST_TIMED_OUT));

    const topicPartitions = [{ topic: 'a', partitions: [0, 1] }];
    const elected = await controller.electLeaders({ electionType: 0, topicPartitions, timeoutMs }, LATEST);
    const codes = elected.replicaElectionResults[0].partitionResult.map(({ errorCode }) => errorCode);
    assert.deepEqual([elected.errorCode, ...codes], Array(3).fill(REQUEST_TIMED_OUT));
    const all = await controller.electLeaders({ electionType: 0, topicPartitions: null, timeoutMs }, LATEST);
    assert.deepEqual([all.errorCode, all.replicaElectionResults], [REQUEST_TIMED_OUT, []]);

    assert.deepEqual(imageContent(controller.image), before);
  });
}

test('a request whose time is over when its turn comes is not begun', async () => {
  const { controller, clock } = await startedController();
  const first = controller.createTopics(createRequest([creatable('first')]), LATEST);
  const late = controller.createTopics({ ...createRequest([creatable('late')]), timeoutMs: 100 }, LATEST);
  const patient = controller.createTopics({ ...createRequest([creatable('patient')]), timeoutMs: 200 }, LATEST);
  clock.advance(100);
  const codes = (await Promise.all([first, late, patient])).map(({ topics }) => topics[0].errorCode);
  assert.deepEqual(codes, [ErrorCode.NONE, REQUEST_TIMED_OUT, ErrorCode.NONE]);
  assert.equal(controller.image.topics.idOf('late'), undefined);
});
