"""Transactions as librdkafka sees them (AddPartitionsToTxn, AddOffsetsToTxn, EndTxn): transactions.py BOOTSTRAP.

Each scenario has topics and transactional ids of its own and prints a line; the first one that is not as it should be ends
the program with an error.
"""

import sys
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP = sys.argv[1]
PARTITIONS = 2
LIMIT_S = 60
admin = AdminClient({"bootstrap.servers": BOOTSTRAP})


def make_topic(name):
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result()
    return name


def producer(transactional_id, timeout_ms=60000):
    made = Producer(
        {
            "bootstrap.servers": BOOTSTRAP,
            "transactional.id": transactional_id,
            "transaction.timeout.ms": timeout_ms,
            "batch.num.messages": 10,
            "linger.ms": 1,
        }
    )
    made.init_transactions(LIMIT_S)
    return made


def consumer(isolation_level, group="unused"):
    return Consumer(
        {
            "bootstrap.servers": BOOTSTRAP,
            "group.id": group,
            "isolation.level": isolation_level,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )


def read(topic, isolation_level="read_committed"):
    reader = consumer(isolation_level)
    reader.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    values, at_end, until = [], set(), time.monotonic() + LIMIT_S
    while len(at_end) < PARTITIONS:
        assert time.monotonic() < until, f"the end of {topic} is not reached: {values}"
        message = reader.poll(1)
        if message is None:
            continue
        if message.error():
            assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
            at_end.add(message.partition())
        else:
            values.append(message.value().decode())
    reader.close()
    return values


def expect_fenced(action):
    try:
        action()
    except KafkaException as error:
        code = error.args[0].code()
        assert code in (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED), error
        return
    raise AssertionError("a fenced producer went on")


def commits_and_aborts():
    topic = make_topic("python-commits")
    writer, committed = producer(topic), []
    for transaction in range(12):
        writer.begin_transaction()
        values = [f"{transaction}-{i}" for i in range(40)]
        for i, value in enumerate(values):
            writer.produce(topic, value=value, partition=i % PARTITIONS)
        if transaction % 3 == 1:
            writer.flush(LIMIT_S)
            writer.abort_transaction(LIMIT_S)
        else:
            writer.commit_transaction(LIMIT_S)
            committed += values
    assert sorted(read(topic)) == sorted(committed)
    assert len(read(topic, "read_uncommitted")) == 12 * 40


def open_transactions_hide():
    topic = make_topic("python-open")
    first, second = producer(topic + "-1"), producer(topic + "-2")
    first.begin_transaction()
    first.produce(topic, value="first", partition=0)
    first.flush(LIMIT_S)
    second.begin_transaction()
    second.produce(topic, value="second", partition=0)
    second.commit_transaction(LIMIT_S)
    assert read(topic) == []
    first.commit_transaction(LIMIT_S)
    until = time.monotonic() + LIMIT_S
    while read(topic) != ["first", "second"]:
        assert time.monotonic() < until, "the records do not come"


def fencing():
    topic = make_topic("python-fencing")
    zombie = producer(topic)
    zombie.begin_transaction()
    zombie.produce(topic, value="zombie", partition=0)
    zombie.flush(LIMIT_S)
    successor = producer(topic)
    successor.begin_transaction()
    successor.produce(topic, value="successor", partition=0)
    expect_fenced(lambda: zombie.commit_transaction(LIMIT_S))
    successor.commit_transaction(LIMIT_S)
    assert read(topic) == ["successor"]


def timeout():
    topic = make_topic("python-timeout")
    slow = producer(topic, timeout_ms=1000)
    slow.begin_transaction()
    slow.produce(topic, value="too late", partition=0)
    slow.flush(LIMIT_S)
    other = producer(topic + "-other")
    other.begin_transaction()
    other.produce(topic, value="other", partition=0)
    other.commit_transaction(LIMIT_S)
    until = time.monotonic() + LIMIT_S
    while read(topic) != ["other"]:
        assert time.monotonic() < until, "the transaction is not aborted"
    expect_fenced(lambda: slow.commit_transaction(LIMIT_S))


def offsets():
    topic = make_topic("python-offsets")
    writer, reader = producer(topic), consumer("read_committed", topic)
    place = TopicPartition(topic, 0)
    for offset in range(1, 5):
        writer.begin_transaction()
        writer.produce(topic, value=f"copy-{offset}", partition=0)
        writer.send_offsets_to_transaction([TopicPartition(topic, 0, offset)], reader.consumer_group_metadata(), LIMIT_S)
        if offset % 2 == 0:
            writer.commit_transaction(LIMIT_S)
        else:
            writer.abort_transaction(LIMIT_S)
        until = time.monotonic() + LIMIT_S
        expected = offset - offset % 2
        while True:
            committed = reader.committed([place], LIMIT_S)[0].offset
            if committed == expected or (expected == 0 and committed < 0):
                break
            assert time.monotonic() < until, f"offset {committed}, expected {expected}"
    assert read(topic) == ["copy-2", "copy-4"]


def nothing_written():
    topic = make_topic("python-empty")
    writer = producer(topic)
    for _ in range(3):
        writer.begin_transaction()
        writer.commit_transaction(LIMIT_S)
        writer.begin_transaction()
        writer.abort_transaction(LIMIT_S)
    writer.begin_transaction()
    writer.produce(topic, value="after", partition=1)
    writer.commit_transaction(LIMIT_S)
    assert read(topic) == ["after"]


for scenario in (commits_and_aborts, open_transactions_hide, fencing, timeout, offsets, nothing_written):
    started = time.monotonic()
    scenario()
    print(f"{scenario.__name__}: {time.monotonic() - started:.1f} s", flush=True)
