from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer


def producer_of(bootstrap, codec, **more):
    return KafkaProducer(bootstrap_servers=bootstrap, client_id="interop-kafka-python", acks="all",
                         compression_type=None if codec == "none" else codec, linger_ms=5,
                         max_request_size=5_000_000, **more)


def send(producer, topic, records, first, acknowledged):
    sent = [producer.send(topic, value, key, headers, partition, timestamp)
            for partition, key, value, headers, timestamp in records]
    producer.flush(30)
    for index, future in enumerate(sent, first):
        acknowledged(index, future.get(30).offset)


def produce(bootstrap, topic, codec, records, acknowledged):
    producer = producer_of(bootstrap, codec, enable_idempotence=codec == "lz4")
    send(producer, topic, records, 0, acknowledged)
    producer.close()


def transact(bootstrap, topic, codec, records, acknowledged):
    """Three transactions, of which the second one is aborted."""
    producer = producer_of(bootstrap, codec, transactional_id="interop-kafka-python")
    producer.init_transactions()
    part = (len(records) + 2) // 3
    for first in range(0, len(records), part):
        abort = first == part
        producer.begin_transaction()
        send(producer, topic, records[first:first + part], first, (lambda *_: None) if abort else acknowledged)
        producer.abort_transaction() if abort else producer.commit_transaction()
    producer.close()


def consume(bootstrap, group, topics, protocol, stopping, assigned, record):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, client_id="interop-kafka-python", group_id=group,
                             auto_offset_reset="earliest", isolation_level="read_committed", session_timeout_ms=10_000, heartbeat_interval_ms=300)

    class Listener(ConsumerRebalanceListener):
        def on_partitions_assigned(self, _):
            assigned(sorted(f"{p.topic}-{p.partition}" for p in consumer.assignment()))

        def on_partitions_revoked(self, _):
            pass

    consumer.subscribe(topics, listener=Listener())
    while not stopping.is_set():
        for messages in consumer.poll(timeout_ms=100).values():
            for m in messages:
                record(m.topic, m.partition, m.offset, m.key, m.value, m.headers, m.timestamp)
    consumer.close()
