import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Transactions as Apache Kafka's own client sees them.
 *
 *   Transactions BOOTSTRAP scenarios           each has topics and transactional ids of its own; the first one that is not
 *                                              as it should be ends the program with an error
 *   Transactions BOOTSTRAP fill TOPIC COUNT    makes the topic and writes the numbers below COUNT into it
 *   Transactions BOOTSTRAP read TOPIC          prints the committed values, one a line
 */
public final class Transactions {
    private static final int PARTITIONS = 2;
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long LIMIT_MS = 60_000;

    private final String bootstrap;
    private final Admin admin;

    private Transactions(String bootstrap) {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    public static void main(String[] args) throws Exception {
        Transactions all = new Transactions(args[0]);
        switch (args[1]) {
            case "scenarios" -> scenarios(all);
            case "fill" -> all.fill(args[2], Integer.parseInt(args[3]));
            case "read" -> all.readCommitted(args[2]).forEach(System.out::println);
            default -> throw new IllegalArgumentException(args[1]);
        }
        all.admin.close();
    }

    private static void scenarios(Transactions all) throws Exception {
        all.run("commits and aborts", all::commitsAndAborts);
        all.run("nothing is seen before its commit", all::visibility);
        all.run("a newer producer fences the older one", all::fencing);
        all.run("a transaction that takes too long is aborted", all::timeout);
        all.run("offsets are committed with the records", all::offsets);
        all.run("aborted before anything was written", all::emptyTransactions);
        all.run("readers see the committed set at every moment", all::readersAtEveryMoment);
        all.run("what administrators see and do", all::administration);
    }

    private void fill(String topic, int count) throws Exception {
        topic(topic);
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < count; i++)
                producer.send(new ProducerRecord<>(topic, i % PARTITIONS, null, String.valueOf(i)));
        }
    }

    private void run(String name, Callable<Void> scenario) throws Exception {
        long startedMs = System.currentTimeMillis();
        scenario.call();
        System.out.println(new ObjectMapper().writeValueAsString(
            Map.of("scenario", name, "ms", System.currentTimeMillis() - startedMs)));
    }

    private Void commitsAndAborts() throws Exception {
        String topic = topic("commits-and-aborts");
        Set<String> committed = new TreeSet<>();
        try (var producer = producer(topic, 60_000)) {
            producer.initTransactions();
            for (int transaction = 0; transaction < 12; transaction++) {
                producer.beginTransaction();
                boolean commit = transaction % 3 != 1;
                for (int i = 0; i < 40; i++) {
                    String value = transaction + "-" + i;
                    producer.send(new ProducerRecord<>(topic, i % PARTITIONS, null, value));
                    if (commit) committed.add(value);
                }
                if (commit) {
                    producer.commitTransaction();
                } else {
                    producer.flush();
                    producer.abortTransaction();
                }
            }
        }
        check("the committed records", committed, new TreeSet<>(readCommitted(topic)));
        check("how many are readable uncommitted", 12 * 40L, (long) read(topic, "read_uncommitted").size());
        return null;
    }

    private Void visibility() throws Exception {
        String topic = topic("visibility");
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var producer = producer(topic, 60_000); var other = producer(topic + "-other", 60_000)) {
            producer.initTransactions();
            other.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, null, "first")).get();
            check("the end for readers of committed records", 0L, endOffset(partition, IsolationLevel.READ_COMMITTED));
            check("the end", 1L, endOffset(partition, IsolationLevel.READ_UNCOMMITTED));
            // A later transaction that is committed first waits for the earlier one.
            other.beginTransaction();
            other.send(new ProducerRecord<>(topic, 0, null, "second")).get();
            other.commitTransaction();
            until("the other transaction is complete", () ->
                state(topic + "-other") == TransactionState.COMPLETE_COMMIT);
            check("the end while the first is open", 0L, endOffset(partition, IsolationLevel.READ_COMMITTED));
            check("nothing is seen", List.of(), readCommitted(topic));
            producer.abortTransaction();
            until("the first transaction is complete", () -> state(topic) == TransactionState.COMPLETE_ABORT);
            check("the end behind both markers", 4L, endOffset(partition, IsolationLevel.READ_COMMITTED));
            check("only the committed one is seen", List.of("second"), readCommitted(topic));
        }
        return null;
    }

    private Void fencing() throws Exception {
        String topic = topic("fencing");
        try (var zombie = producer(topic, 60_000); var successor = producer(topic, 60_000)) {
            zombie.initTransactions();
            zombie.beginTransaction();
            zombie.send(new ProducerRecord<>(topic, 0, null, "zombie")).get();
            successor.initTransactions();
            successor.beginTransaction();
            successor.send(new ProducerRecord<>(topic, 0, null, "successor")).get();
            expectFenced("a commit", () -> {
                zombie.send(new ProducerRecord<>(topic, 1, null, "late"));
                zombie.commitTransaction();
                return null;
            });
            successor.commitTransaction();
        }
        check("the successor's records", List.of("successor"), readCommitted(topic));
        return null;
    }

    private Void timeout() throws Exception {
        String topic = topic("timeout");
        try (var producer = producer(topic, 1_000)) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, null, "too late")).get();
            until("the transaction is aborted", () -> state(topic) == TransactionState.COMPLETE_ABORT);
            try {
                producer.commitTransaction();
                throw new IllegalStateException("a transaction that timed out is committed");
            } catch (InvalidTxnStateException expected) {
                // It is aborted already.
            }
        }
        try (var producer = producer(topic, 60_000)) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, null, "in time"));
            producer.commitTransaction();
        }
        check("what was in time", List.of("in time"), readCommitted(topic));
        return null;
    }

    private Void offsets() throws Exception {
        String topic = topic("offsets");
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var producer = producer(topic, 60_000); var consumer = consumer("read_committed", topic)) {
            producer.initTransactions();
            for (long offset = 1; offset <= 4; offset++) {
                boolean commit = offset % 2 == 0;
                producer.beginTransaction();
                producer.send(new ProducerRecord<>(topic, 0, null, "copy-" + offset));
                Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(partition, new OffsetAndMetadata(offset));
                producer.sendOffsetsToTransaction(offsets, new ConsumerGroupMetadata(topic));
                if (commit) producer.commitTransaction();
                else producer.abortTransaction();
                OffsetAndMetadata committed = consumer.committed(Set.of(partition)).get(partition);
                Long expected = offset < 2 ? null : offset - offset % 2;
                check("the offset after " + offset, expected, committed == null ? null : committed.offset());
            }
        }
        check("the copies", List.of("copy-2", "copy-4"), readCommitted(topic));
        return null;
    }

    private Void emptyTransactions() throws Exception {
        String topic = topic("empty");
        try (var producer = producer(topic, 60_000)) {
            producer.initTransactions();
            for (int round = 0; round < 3; round++) {
                producer.beginTransaction();
                producer.abortTransaction();
                producer.beginTransaction();
                producer.commitTransaction();
            }
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, null, "after"));
            producer.commitTransaction();
        }
        check("what was written afterwards", List.of("after"), readCommitted(topic));
        return null;
    }

    /** Three producers interleave in the same partitions; each record tells its transaction, whose fate is noted first. */
    private Void readersAtEveryMoment() throws Exception {
        String topic = topic("every-moment");
        Map<String, Boolean> fates = new ConcurrentHashMap<>();
        AtomicBoolean writing = new AtomicBoolean(true);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Set<String> seen = ConcurrentHashMap.newKeySet();
        Thread reader = new Thread(() -> {
            try (var consumer = consumer("read_committed", topic + "-reader")) {
                consumer.assign(partitions(topic));
                consumer.seekToBeginning(partitions(topic));
                while (writing.get()) {
                    for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
                        String transaction = record.value().split("/")[0];
                        if (!Boolean.TRUE.equals(fates.get(transaction)))
                            throw new IllegalStateException("a reader saw " + record.value() + ", which is not committed");
                        if (!seen.add(record.value()))
                            throw new IllegalStateException("a reader saw " + record.value() + " twice");
                    }
                }
            } catch (Throwable error) {
                failure.set(error);
            }
        });
        reader.start();
        Set<String> committed = ConcurrentHashMap.newKeySet();
        List<Thread> writers = new ArrayList<>();
        for (int writer = 0; writer < 3; writer++) {
            String name = "w" + writer;
            Random random = new Random(writer);
            Thread thread = new Thread(() -> {
                try (var producer = producer(topic + name, 60_000)) {
                    producer.initTransactions();
                    for (int round = 0; round < 25; round++) {
                        String transaction = name + "-" + round;
                        boolean commit = random.nextInt(3) > 0;
                        producer.beginTransaction();
                        List<String> values = new ArrayList<>();
                        for (int i = 0; i < 1 + random.nextInt(30); i++) {
                            values.add(transaction + "/" + i);
                            producer.send(new ProducerRecord<>(topic, random.nextInt(PARTITIONS), null, values.get(i)));
                        }
                        if (random.nextBoolean()) producer.flush();
                        if (commit) {
                            fates.put(transaction, true);
                            committed.addAll(values);
                            producer.commitTransaction();
                        } else {
                            fates.put(transaction, false);
                            producer.abortTransaction();
                        }
                    }
                } catch (Throwable error) {
                    failure.set(error);
                }
            });
            writers.add(thread);
            thread.start();
        }
        for (Thread thread : writers) thread.join();
        until("the reader has seen all that is committed", () -> failure.get() != null || seen.size() >= committed.size());
        writing.set(false);
        reader.join();
        if (failure.get() != null) throw new IllegalStateException(failure.get());
        check("what the reader saw", new TreeSet<>(committed), new TreeSet<>(seen));
        return null;
    }

    private Void administration() throws Exception {
        String topic = topic("administration");
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var producer = producer(topic, 60_000)) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, null, "open")).get();
            TransactionDescription description = describe(topic);
            check("the state", TransactionState.ONGOING, description.state());
            check("the partitions", Set.of(partition), description.topicPartitions());
            check("the time-out", 60_000L, description.transactionTimeoutMs());
            var open = admin.listTransactions(new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING))
                .filterProducerIds(Set.of(description.producerId()))).all().get();
            check("how many are listed", 1, open.size());
            check("what is listed", topic, open.iterator().next().transactionalId());
            var matching = admin.listTransactions(
                new ListTransactionsOptions().filterOnTransactionalIdPattern("admin.*")).all().get();
            check("what is listed by pattern", List.of(topic), matching.stream().map(one -> one.transactionalId()).toList());
            var longer = admin.listTransactions(new ListTransactionsOptions().filterOnDuration(3_600_000)).all().get();
            check("what has been open for an hour",
                0L, longer.stream().filter(one -> one.state() == TransactionState.ONGOING).count());
            ProducerState state = admin.describeProducers(Set.of(partition)).partitionResult(partition).get()
                .activeProducers().iterator().next();
            check("where the open transaction begins", 0L, state.currentTransactionStartOffset().getAsLong());
            admin.abortTransaction(new AbortTransactionSpec(
                partition, state.producerId(), (short) (state.producerEpoch() + 1), state.coordinatorEpoch().orElse(0)))
                .all().get();
            check("the end behind the marker", 2L, endOffset(partition, IsolationLevel.READ_COMMITTED));
            admin.fenceProducers(Set.of(topic)).all().get();
            expectFenced("a commit after the producer was fenced", () -> {
                producer.commitTransaction();
                return null;
            });
        }
        check("nothing is committed", List.of(), readCommitted(topic));
        return null;
    }

    private String topic(String name) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, PARTITIONS, (short) 1))).all().get();
        return name;
    }

    private KafkaProducer<String, String> producer(String transactionalId, int timeoutMs) {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("transactional.id", transactionalId);
        config.put("transaction.timeout.ms", String.valueOf(timeoutMs));
        // Small batches: many requests of one transaction are under way together.
        config.put("batch.size", "512");
        config.put("linger.ms", "1");
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    private KafkaConsumer<String, String> consumer(String isolationLevel, String group) {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("group.id", group);
        config.put("isolation.level", isolationLevel);
        config.put("enable.auto.commit", "false");
        config.put("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    private List<String> readCommitted(String topic) {
        return read(topic, "read_committed");
    }

    /** What a consumer sees that begins now, up to the end that it is told. */
    private List<String> read(String topic, String isolationLevel) {
        List<String> values = new ArrayList<>();
        try (var consumer = consumer(isolationLevel, topic + "-check")) {
            consumer.assign(partitions(topic));
            consumer.seekToBeginning(partitions(topic));
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions(topic));
            long untilMs = System.currentTimeMillis() + LIMIT_MS;
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                if (System.currentTimeMillis() > untilMs) throw new IllegalStateException("the end is not reached: " + values);
                for (ConsumerRecord<String, String> record : consumer.poll(POLL)) values.add(record.value());
            }
        }
        return values;
    }

    private static Collection<TopicPartition> partitions(String topic) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (int partition = 0; partition < PARTITIONS; partition++) partitions.add(new TopicPartition(topic, partition));
        return partitions;
    }

    private long endOffset(TopicPartition partition, IsolationLevel isolationLevel) throws Exception {
        return admin.listOffsets(Map.of(partition, OffsetSpec.latest()), new ListOffsetsOptions(isolationLevel))
            .partitionResult(partition).get().offset();
    }

    private TransactionDescription describe(String transactionalId) throws Exception {
        return admin.describeTransactions(Set.of(transactionalId)).description(transactionalId).get();
    }

    private TransactionState state(String transactionalId) throws Exception {
        return describe(transactionalId).state();
    }

    private static void until(String what, Callable<Boolean> condition) throws Exception {
        long untilMs = System.currentTimeMillis() + LIMIT_MS;
        while (!condition.call()) {
            if (System.currentTimeMillis() > untilMs) throw new IllegalStateException("waited in vain until " + what);
            Thread.sleep(20);
        }
    }

    private static void expectFenced(String what, Callable<Void> action) throws Exception {
        try {
            action.call();
        } catch (ProducerFencedException | InvalidProducerEpochException expected) {
            return;
        } catch (KafkaException error) {
            if (error.getCause() instanceof ProducerFencedException) return;
            if (error.getCause() instanceof InvalidProducerEpochException) return;
            throw error;
        } catch (ExecutionException error) {
            if (error.getCause() instanceof ProducerFencedException) return;
            throw error;
        }
        throw new IllegalStateException(what + " went through");
    }

    private static void check(String what, Object expected, Object actual) {
        if (expected == null ? actual != null : !expected.equals(actual))
            throw new IllegalStateException(what + ": expected " + expected + ", found " + actual);
    }
}
