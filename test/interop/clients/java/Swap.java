import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What a data directory holds, and clients that live on while another broker takes it over. Every main() is one command;
 * producers and consumers stay open between them, so the program runs inside one JVM (Tools).
 *
 *   Swap BOOTSTRAP write ROUND    writes and changes a bit of everything; in later rounds the clients of earlier ones go on
 *   Swap BOOTSTRAP state          prints as JSON all that a client can see; fails when records differ from those acknowledged
 */
public final class Swap {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long LIMIT_MS = 40_000;
    private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    private static final String COMPACTED = "compacted";
    /** Of the first records. Not long ago: a broker that starts has forgotten producers that wrote nothing for a day. */
    private static final long TIMESTAMP = System.currentTimeMillis() - 3_600_000;
    /** Long enough to be open when the next broker starts, short enough to wait for. */
    private static final int SHORT_TRANSACTION_MS = 12_000;

    private static final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    private static final Map<String, KafkaConsumer<byte[], byte[]>> consumers = new HashMap<>();
    /** Records that were acknowledged and, when in a transaction, committed: by partition and offset. */
    private static final Map<TopicPartition, TreeMap<Long, String>> expected = new HashMap<>();
    /** Those of the transaction that a producer has under way, by its transactional id. */
    private static final Map<String, List<Sent>> pending = new HashMap<>();
    /** What the open consumers have got, by group: each record exactly once. */
    private static final Map<String, TreeSet<String>> consumed = new HashMap<>();
    private static final Map<String, String> lastOfKey = new TreeMap<>();

    private record Sent(ProducerRecord<byte[], byte[]> record, Future<RecordMetadata> acknowledged) {}

    private final String bootstrap;
    private final Admin admin;

    private Swap(String bootstrap) {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    public static void main(String[] args) throws Exception {
        Swap swap = new Swap(args[0]);
        switch (args[1]) {
            case "write" -> swap.write(Integer.parseInt(args[2]));
            case "state" -> System.out.println(new ObjectMapper().writeValueAsString(swap.state()));
            default -> throw new IllegalArgumentException(args[1]);
        }
        swap.admin.close();
    }

    // ---- writing -----------------------------------------------------------------------------------------------

    private void write(int round) throws Exception {
        if (round == 0) {
            createTopics();
        } else {
            concludeOpenTransactions(round);
        }
        administration(round);
        codecs(round);
        idempotent(round);
        compacted(round);
        segments(round);
        transactions(round);
        openTransactions(round);
        groups(round);
        until("no transaction is on its way but those left open", () -> admin.listTransactions().all().get().stream()
            .noneMatch(t -> t.state() == TransactionState.PREPARE_COMMIT || t.state() == TransactionState.PREPARE_ABORT));
    }

    private void createTopics() throws Exception {
        Map<String, String> keep = Map.of("retention.ms", "-1");
        admin.createTopics(List.of(
            new NewTopic("codecs", 3, (short) 1).configs(Map.of("retention.ms", "-1", "max.message.bytes", "2000000")),
            new NewTopic("append-time", 2, (short) 1).configs(Map.of("message.timestamp.type", "LogAppendTime")),
            new NewTopic("idempotent", 2, (short) 1).configs(keep),
            new NewTopic(COMPACTED, 1, (short) 1).configs(Map.of("cleanup.policy", "compact", "segment.bytes", "1048576",
                "min.cleanable.dirty.ratio", "0.01", "retention.ms", "-1")),
            new NewTopic("segments", 1, (short) 1).configs(Map.of("segment.bytes", "1048576", "retention.ms", "-1")),
            new NewTopic("transactions", 3, (short) 1).configs(keep),
            new NewTopic("left-open", 3, (short) 1).configs(keep),
            new NewTopic("times-out", 1, (short) 1).configs(keep),
            new NewTopic("odd.name_with-7-dashes", 1, (short) 1),
            new NewTopic("empty", 2, (short) 1),
            new NewTopic("replaced", 1, (short) 1),
            new NewTopic("grows", 1, (short) 1))).all().get();
    }

    /** Topics come, go and change; configs, quotas and credentials too. */
    private void administration(int round) throws Exception {
        plain("none", "replaced", 0, "before", round);
        TopicPartition replaced = new TopicPartition("replaced", 0);
        admin.deleteTopics(List.of("replaced")).all().get();
        expected.remove(replaced);
        var id = admin.createTopics(List.of(new NewTopic("replaced", 1, (short) 1))).topicId("replaced").get();
        until("the broker has the new topic", () -> {
            try {
                return admin.describeTopics(List.of("replaced")).allTopicNames().get().get("replaced").topicId().equals(id);
            } catch (ExecutionException notYet) {
                return false;
            }
        });
        closeProducer("plain-none");
        plain("none", "replaced", 0, "after", round);
        admin.createPartitions(Map.of("grows", NewPartitions.increaseTo(round + 2))).all().get();
        until("the new partition has a leader", () -> admin.describeTopics(List.of("grows")).allTopicNames().get()
            .get("grows").partitions().stream().filter(p -> p.leader() != null).count() == round + 2);
        admin.createTopics(List.of(new NewTopic("round-" + round, 1, (short) 1)
            .configs(Map.of("retention.bytes", "1000000000", "max.compaction.lag.ms", "86400000")))).all().get();
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "codecs");
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        ConfigResource every = new ConfigResource(ConfigResource.Type.BROKER, "");
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "consumer-live");
        admin.incrementalAlterConfigs(Map.of(
            topic, List.of(set("segment.ms", String.valueOf(3_600_000 + round)),
                round % 2 == 0 ? set("index.interval.bytes", "8192") : unset("index.interval.bytes")),
            broker, List.of(set("background.threads", "5"), set("max.connections.per.ip", String.valueOf(5000 + round))),
            every, List.of(set("message.max.bytes", String.valueOf(1_100_000 + round))),
            group, List.of(set("consumer.session.timeout.ms", "45000")))).all().get();
        ClientQuotaEntity client = new ClientQuotaEntity(Map.of("client-id", "app-" + round, "user", "anna"));
        supported(() -> admin.alterClientQuotas(List.of(new ClientQuotaAlteration(client,
            List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1_000_000.0 + round))))).all().get());
        supported(() -> admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("anna",
            new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096 + round), "secret"))).all().get());
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }

    private static AlterConfigOp unset(String name) {
        return new AlterConfigOp(new ConfigEntry(name, null), AlterConfigOp.OpType.DELETE);
    }

    private void codecs(int round) throws Exception {
        for (String codec : CODECS) {
            for (String topic : List.of("codecs", "append-time")) {
                for (int partition = 0; partition < (topic.equals("codecs") ? 3 : 2); partition++)
                    plain(codec, topic, partition, codec, round);
            }
        }
        plain("lz4", "odd.name_with-7-dashes", 0, "odd", round);
        for (int partition = 0; partition <= round + 1; partition++) plain("zstd", "grows", partition, "grows", round);
    }

    /** Records of every shape in one batch or a few, by a producer without idempotence. */
    private void plain(String codec, String topic, int partition, String seed, int round) throws Exception {
        var producer = producer("plain-" + codec, Map.of("compression.type", codec, "enable.idempotence", false, "acks", "1"));
        List<Sent> sent = new ArrayList<>();
        for (int i = 0; i < 12; i++) sent.add(send(producer, shaped(topic, partition, seed, round, i)));
        producer.flush();
        for (Sent one : sent) acknowledged(one);
    }

    private static ProducerRecord<byte[], byte[]> shaped(String topic, int partition, String seed, int round, int i) {
        Random random = new Random((topic + partition + seed + round + i).hashCode());
        byte[] noise = new byte[random.nextInt(400)];
        random.nextBytes(noise);
        byte[] key = i % 4 == 1 ? null : i % 4 == 2 ? new byte[0] : bytes(seed + "-" + round + "-" + i);
        byte[] value = i % 5 == 3 ? null : i % 5 == 4 ? new byte[0] : i == 7 ? new byte[60_000] : noise;
        var record = new ProducerRecord<>(topic, partition, TIMESTAMP + round * 100_000L + i * 1000 - (i % 3) * 2500L, key, value);
        if (i % 3 == 0) record.headers().add("trace", noise).add("again", bytes("1")).add("again", null).add("", new byte[0]);
        return record;
    }

    private void idempotent(int round) throws Exception {
        var producer = producer("idempotent", Map.of("compression.type", "lz4"));
        List<Sent> sent = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            sent.add(send(producer, shaped("idempotent", i % 2, "same", round, i % 12)));
            if (i % 7 == 0) producer.flush();
        }
        producer.flush();
        for (Sent one : sent) acknowledged(one);
        // Another one that is never heard of again.
        var once = producer("once-" + round, Map.of());
        acknowledged(send(once, shaped("idempotent", 0, "once", round, 0)));
        closeProducer("once-" + round);
    }

    private void compacted(int round) throws Exception {
        var producer = producer("compacted", Map.of("compression.type", round % 2 == 0 ? "none" : "zstd"));
        byte[] value = new byte[6000];
        for (int i = 0; i < 300; i++) {
            String key = "key-" + i % 30;
            new Random(i + round).nextBytes(value);
            boolean tombstone = i % 30 == 5 && i >= 270;
            var record = new ProducerRecord<>(COMPACTED, 0, TIMESTAMP + i, bytes(key), tombstone ? null : value.clone());
            producer.send(record);
            if (tombstone) lastOfKey.remove(key);
            else lastOfKey.put(key, digest(TIMESTAMP + i, record.key(), record.value(), record.headers().toArray()));
        }
        producer.flush();
    }

    private void segments(int round) throws Exception {
        var producer = producer("segments", Map.of("batch.size", 100_000));
        List<Sent> sent = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            byte[] value = new byte[60_000];
            new Random(round * 100L + i).nextBytes(value);
            sent.add(send(producer, new ProducerRecord<>("segments", 0, TIMESTAMP + round * 1000L + i, bytes("s" + i), value)));
        }
        producer.flush();
        for (Sent one : sent) acknowledged(one);
        TopicPartition partition = new TopicPartition("segments", 0);
        long before = expected.get(partition).lastKey() - 25;
        admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(before))).all().get();
        expected.get(partition).headMap(before).clear();
        TopicPartition emptied = new TopicPartition("replaced", 0);
        if (round % 2 == 1) {
            // To the very end: nothing is left, but the offsets go on.
            admin.deleteRecords(Map.of(emptied, RecordsToDelete.beforeOffset(-1))).all().get();
            expected.get(emptied).clear();
        }
    }

    private void transactions(int round) throws Exception {
        for (String codec : List.of("none", "snappy")) {
            String id = "settled-" + codec;
            var producer = transactional(id, Map.of("compression.type", codec));
            for (int transaction = 0; transaction < 6; transaction++) {
                begin(id);
                for (int i = 0; i < 9; i++) sendIn(id, shaped("transactions", i % 3, id + transaction, round, i));
                if (transaction % 2 == 0) {
                    producer.sendOffsetsToTransaction(
                        Map.of(new TopicPartition("codecs", transaction % 3), new OffsetAndMetadata(transaction + 1, "in " + id)),
                        new ConsumerGroupMetadata("transactional-" + codec));
                }
                if (transaction % 3 == 1) abort(id);
                else commit(id);
            }
        }
    }

    /** Transactions that are under way when the broker goes. */
    private void openTransactions(int round) throws Exception {
        for (String id : List.of("to-commit", "to-abort", "to-fence", "to-force")) {
            var producer = transactional(id, Map.of("transaction.timeout.ms", 600_000));
            begin(id);
            for (int i = 0; i < 9; i++) sendIn(id, shaped("left-open", i % 3, id, round, i));
            producer.flush();
            producer.sendOffsetsToTransaction(Map.of(new TopicPartition("left-open", 0), new OffsetAndMetadata(round + 7)),
                new ConsumerGroupMetadata("offsets-" + id));
        }
        String id = "to-time-out";
        closeProducer(id);
        var producer = transactional(id, Map.of("transaction.timeout.ms", SHORT_TRANSACTION_MS));
        begin(id);
        for (int i = 0; i < 9; i++) sendIn(id, shaped("times-out", 0, id, round, i));
        producer.flush();
    }

    private void concludeOpenTransactions(int round) throws Exception {
        var committer = producers.get("to-commit");
        sendIn("to-commit", shaped("left-open", 1, "after the swap", round, 3));
        committer.flush();
        commit("to-commit");
        abort("to-abort");
        // Its successor ends what it left open.
        closeProducer("to-fence");
        transactional("to-fence", Map.of("transaction.timeout.ms", 600_000));
        // An administrator ends it, partition by partition.
        for (int p = 0; p < 3; p++) {
            TopicPartition partition = new TopicPartition("left-open", p);
            long producerId = admin.describeTransactions(List.of("to-force")).description("to-force").get().producerId();
            var state = admin.describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers().stream()
                .filter(one -> one.producerId() == producerId).findFirst().orElseThrow();
            admin.abortTransaction(new AbortTransactionSpec(partition, producerId, (short) state.producerEpoch(),
                state.coordinatorEpoch().orElse(0))).all().get();
        }
        closeProducer("to-force");
        transactional("to-force", Map.of("transaction.timeout.ms", 600_000));
        until("the transaction has timed out", () ->
            admin.describeTransactions(List.of("to-time-out")).description("to-time-out").get().state() == TransactionState.COMPLETE_ABORT);
        pending.clear();
    }

    private void groups(int round) throws Exception {
        admin.alterConsumerGroupOffsets("by-hand", Map.of(
            new TopicPartition("codecs", round % 3), new OffsetAndMetadata(round + 1, Optional.of(0), "round " + round),
            new TopicPartition("empty", 0), new OffsetAndMetadata(0))).all().get();
        admin.alterConsumerGroupOffsets("deleted", Map.of(new TopicPartition("codecs", 0), new OffsetAndMetadata(1))).all().get();
        admin.deleteConsumerGroups(List.of("deleted")).all().get();
        if (round % 2 == 1) admin.deleteConsumerGroupOffsets("by-hand", Set.of(new TopicPartition("empty", 0))).all().get();
        for (String protocol : List.of("classic", "consumer")) {
            consume(protocol + "-live", protocol, round);
            String once = protocol + "-once-" + round;
            consume(once, protocol, round);
            consumers.remove(once).close();
            // The same members come and go in every round.
            consume(protocol + "-again", protocol, round);
            consumers.remove(protocol + "-again").close();
        }
    }

    /** Reads on from where the group stands until it has every record of the topic, none of them twice; commits. */
    private void consume(String group, String protocol, int round) throws Exception {
        var consumer = consumers.computeIfAbsent(group, name -> {
            Properties properties = new Properties();
            properties.putAll(Map.of("bootstrap.servers", bootstrap, "group.id", group, "group.protocol", protocol,
                "auto.offset.reset", "earliest", "enable.auto.commit", false, "isolation.level", "read_committed",
                "client.id", group));
            var made = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
            made.subscribe(List.of("transactions"));
            return made;
        });
        TreeSet<String> got = consumed.computeIfAbsent(group, name -> new TreeSet<>());
        int wanted = 0;
        for (int p = 0; p < 3; p++) wanted += expected.get(new TopicPartition("transactions", p)).size();
        long deadline = System.currentTimeMillis() + LIMIT_MS;
        while (got.size() < wanted) {
            if (System.currentTimeMillis() > deadline)
                throw new IllegalStateException(group + " has " + got.size() + " records of " + wanted);
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                if (!got.add(record.partition() + "@" + record.offset()))
                    throw new IllegalStateException(group + " got partition " + record.partition() + " offset " + record.offset() + " twice");
            }
        }
        Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
        for (TopicPartition partition : consumer.assignment())
            positions.put(partition, new OffsetAndMetadata(consumer.position(partition), "round " + round));
        consumer.commitSync(positions);
    }

    // ---- producers ---------------------------------------------------------------------------------------------

    private KafkaProducer<byte[], byte[]> producer(String name, Map<String, Object> more) {
        return producers.computeIfAbsent(name, key -> {
            Map<String, Object> properties = new HashMap<>(more);
            properties.putIfAbsent("linger.ms", 20);
            properties.put("bootstrap.servers", bootstrap);
            properties.put("client.id", name);
            return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
        });
    }

    private KafkaProducer<byte[], byte[]> transactional(String id, Map<String, Object> more) {
        boolean known = producers.containsKey(id);
        Map<String, Object> properties = new HashMap<>(more);
        properties.put("transactional.id", id);
        var producer = producer(id, properties);
        if (!known) producer.initTransactions();
        return producer;
    }

    private void closeProducer(String name) {
        var producer = producers.remove(name);
        if (producer != null) producer.close(Duration.ZERO);
    }

    private static Sent send(KafkaProducer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record) {
        return new Sent(record, producer.send(record));
    }

    private void begin(String id) {
        producers.get(id).beginTransaction();
        pending.put(id, new ArrayList<>());
    }

    private void sendIn(String id, ProducerRecord<byte[], byte[]> record) {
        pending.get(id).add(send(producers.get(id), record));
    }

    private void commit(String id) throws Exception {
        producers.get(id).commitTransaction();
        for (Sent sent : pending.remove(id)) acknowledged(sent);
    }

    private void abort(String id) {
        producers.get(id).abortTransaction();
        pending.remove(id);
    }

    private static void acknowledged(Sent sent) throws Exception {
        RecordMetadata at = sent.acknowledged().get();
        var record = sent.record();
        expected.computeIfAbsent(new TopicPartition(at.topic(), at.partition()), key -> new TreeMap<>())
            .put(at.offset(), digest(at.timestamp(), record.key(), record.value(), record.headers().toArray()));
    }

    // ---- what there is -----------------------------------------------------------------------------------------

    private Map<String, Object> state() throws Exception {
        Map<String, Object> state = new LinkedHashMap<>();
        state.put("cluster", admin.describeCluster().clusterId().get());
        state.put("features", new TreeMap<>(admin.describeFeatures().featureMetadata().get().finalizedFeatures().entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().toString()))));
        Set<String> names = new TreeSet<>(admin.listTopics().names().get());
        Map<String, Object> topics = new TreeMap<>();
        List<TopicPartition> partitions = new ArrayList<>();
        admin.describeTopics(names).allTopicNames().get().forEach((name, topic) -> {
            topics.put(name, topic.topicId() + " " + topic.partitions().stream()
                .map(p -> p.partition() + ":" + p.replicas().size() + ":" + p.isr().size() + ":" + p.leader().id()).toList());
            topic.partitions().forEach(p -> partitions.add(new TopicPartition(name, p.partition())));
        });
        state.put("topics", topics);
        state.put("configs", configs(names));
        state.put("quotas", admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get().entrySet().stream()
            .map(entry -> new TreeMap<>(entry.getKey().entries()) + "=" + new TreeMap<>(entry.getValue())).sorted().toList());
        state.put("users", supported(() -> admin.describeUserScramCredentials().all().get().values().stream()
            .map(user -> user.name() + user.credentialInfos()).sorted().toList()));
        state.put("offsets", offsets(partitions));
        state.put("records", records(partitions));
        state.put("producers", producers(partitions));
        state.put("transactions", describeTransactions());
        state.put("groups", describeGroups());
        return state;
    }

    private Map<String, Object> configs(Set<String> topics) throws Exception {
        List<ConfigResource> resources = new ArrayList<>();
        topics.forEach(name -> resources.add(new ConfigResource(ConfigResource.Type.TOPIC, name)));
        resources.add(new ConfigResource(ConfigResource.Type.BROKER, "1"));
        resources.add(new ConfigResource(ConfigResource.Type.BROKER, ""));
        resources.add(new ConfigResource(ConfigResource.Type.GROUP, "consumer-live"));
        Map<String, Object> configs = new TreeMap<>();
        admin.describeConfigs(resources).all().get().forEach((resource, config) -> {
            var dynamic = config.entries().stream().filter(entry -> entry.source().name().startsWith("DYNAMIC"))
                .map(entry -> entry.name() + "=" + entry.value() + " " + entry.source()).sorted().toList();
            if (!dynamic.isEmpty()) configs.put(resource.toString(), dynamic);
        });
        return configs;
    }

    /** Start, end, last stable offset, greatest timestamp, and the offset of a time; not the internal topics'. */
    private Map<String, Object> offsets(List<TopicPartition> partitions) throws Exception {
        Map<String, Object> all = new TreeMap<>();
        for (TopicPartition partition : partitions) {
            if (partition.topic().startsWith("__") || partition.topic().equals("times-out")) continue;
            List<String> offsets = new ArrayList<>();
            // Compaction moves what is there in its own time.
            List<OffsetSpec> specs = partition.topic().equals(COMPACTED)
                ? List.of(OffsetSpec.latest())
                : List.of(OffsetSpec.earliest(), OffsetSpec.latest(), OffsetSpec.maxTimestamp(),
                    OffsetSpec.forTimestamp(TIMESTAMP + 5000), OffsetSpec.forTimestamp(TIMESTAMP + 100_500));
            for (OffsetSpec spec : specs) {
                var found = admin.listOffsets(Map.of(partition, spec)).partitionResult(partition).get();
                offsets.add(found.offset() + "@" + found.timestamp());
            }
            all.put(partition.toString(), offsets);
        }
        return all;
    }

    /** By partition: how many records, and a digest over all of them, for readers of committed ones and of all. */
    private Map<String, Object> records(List<TopicPartition> partitions) throws Exception {
        Map<String, Object> all = new TreeMap<>();
        for (String isolation : List.of("read_committed", "read_uncommitted")) {
            Properties properties = new Properties();
            properties.putAll(Map.of("bootstrap.servers", bootstrap, "isolation.level", isolation, "fetch.min.bytes", 1,
                "enable.auto.commit", false, "max.poll.records", 10_000));
            try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                List<TopicPartition> own = partitions.stream().filter(p -> !p.topic().startsWith("__")).toList();
                Map<TopicPartition, TreeMap<Long, String>> found = readAll(consumer, own);
                for (TopicPartition partition : own) {
                    TreeMap<Long, String> records = found.get(partition);
                    if (partition.topic().equals(COMPACTED)) {
                        if (isolation.equals("read_committed")) all.put(partition.toString(), lastOfKey.size());
                        continue;
                    }
                    TreeMap<Long, String> wanted = expected.getOrDefault(partition, new TreeMap<>());
                    boolean open = partition.topic().equals("left-open") || partition.topic().equals("times-out");
                    if (isolation.equals("read_committed") && !open) checkSame(partition, wanted, records);
                    if (open && isolation.equals("read_committed"))
                        checkSame(partition, new TreeMap<>(wanted.headMap(consumer.position(partition))), records);
                    var sha = MessageDigest.getInstance("SHA-256");
                    records.forEach((offset, digest) -> sha.update(bytes(offset + digest)));
                    all.put(isolation + " " + partition, records.size() + " " + Base64.getEncoder().encodeToString(sha.digest()));
                }
            }
        }
        return all;
    }

    private static Map<TopicPartition, TreeMap<Long, String>> readAll(
        KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
        Map<TopicPartition, TreeMap<Long, String>> found = new HashMap<>();
        Map<String, String> lasts = new TreeMap<>();
        partitions.forEach(partition -> found.put(partition, new TreeMap<>()));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        long deadline = System.currentTimeMillis() + LIMIT_MS;
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("not at the end: " + ends.entrySet().stream()
                    .filter(end -> consumer.position(end.getKey()) < end.getValue())
                    .map(end -> end.getKey() + " " + consumer.position(end.getKey()) + "/" + end.getValue()).toList());
            }
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            for (var record : records) {
                String digest = digest(record.timestamp(), record.key(), record.value(), record.headers().toArray());
                String before = found.get(new TopicPartition(record.topic(), record.partition())).put(record.offset(), digest);
                if (before != null) throw new IllegalStateException("twice: " + record);
                if (!record.topic().equals(COMPACTED)) continue;
                String key = new String(record.key(), StandardCharsets.UTF_8);
                if (record.value() == null) lasts.remove(key);
                else lasts.put(key, digest);
            }
        }
        if (!lasts.equals(lastOfKey)) throw new IllegalStateException("the compacted topic has " + lasts + " instead of " + lastOfKey);
        return found;
    }

    private static void checkSame(TopicPartition partition, TreeMap<Long, String> wanted, TreeMap<Long, String> found) {
        if (wanted.equals(found)) return;
        Set<Long> missing = new TreeSet<>(wanted.keySet());
        missing.removeAll(found.keySet());
        Set<Long> strange = new TreeSet<>(found.keySet());
        strange.removeAll(wanted.keySet());
        List<Long> changed = wanted.keySet().stream()
            .filter(offset -> found.containsKey(offset) && !found.get(offset).equals(wanted.get(offset))).toList();
        throw new IllegalStateException(partition + ": missing " + missing + ", not written " + strange + ", changed " + changed);
    }

    private Map<String, Object> producers(List<TopicPartition> partitions) throws Exception {
        Map<String, Object> all = new TreeMap<>();
        List<TopicPartition> own = partitions.stream()
            .filter(p -> !p.topic().startsWith("__") && !p.topic().equals("times-out")).toList();
        admin.describeProducers(own).all().get().forEach((partition, state) -> all.put(partition.toString(),
            state.activeProducers().stream().map(one -> one.producerId() + " epoch " + one.producerEpoch() + " sequence "
                + one.lastSequence() + " at " + one.lastTimestamp() + " coordinator " + one.coordinatorEpoch().orElse(-1)
                + " open from " + one.currentTransactionStartOffset().orElse(-1)).sorted().toList()));
        return all;
    }

    private Map<String, Object> describeTransactions() throws Exception {
        Set<String> ids = new TreeSet<>();
        admin.listTransactions(new ListTransactionsOptions()).all().get().forEach(one -> ids.add(one.transactionalId()));
        ids.remove("to-time-out");
        Map<String, Object> all = new TreeMap<>();
        admin.describeTransactions(ids).all().get().forEach((id, one) -> all.put(id, one.state() + " producer " + one.producerId()
            + " epoch " + one.producerEpoch() + " timeout " + one.transactionTimeoutMs() + " started "
            + one.transactionStartTimeMs().orElse(-1) + " " + one.topicPartitions().stream().map(String::valueOf).sorted().toList()));
        return all;
    }

    private Map<String, Object> describeGroups() throws Exception {
        Map<String, Object> all = new TreeMap<>();
        Set<String> ids = new TreeSet<>();
        admin.listGroups().all().get().forEach(group -> {
            ids.add(group.groupId());
            all.put(group.groupId(), new ArrayList<>(List.of(group.type() + " " + group.protocol() + " " + group.groupState())));
        });
        for (var entry : admin.describeConsumerGroups(ids).all().get().entrySet()) {
            var group = entry.getValue();
            List<Object> lines = (List<Object>) all.get(entry.getKey());
            lines.add(group.groupState() + " " + group.partitionAssignor());
            group.members().forEach(member -> lines.add(member.clientId() + " " + member.consumerId() + " "
                + member.host() + " " + member.assignment().topicPartitions().stream()
                    .map(String::valueOf).sorted().toList()));
            admin.listConsumerGroupOffsets(entry.getKey()).partitionsToOffsetAndMetadata().get().entrySet().stream()
                .map(String::valueOf).sorted().forEach(lines::add);
        }
        return all;
    }

    // ---- odds ----------------------------------------------------------------------------------------------------

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String digest(long timestamp, byte[] key, byte[] value, Header[] headers) {
        try {
            var sha = MessageDigest.getInstance("SHA-256");
            sha.update(ByteBuffer.allocate(8).putLong(timestamp).flip());
            part(sha, key);
            part(sha, value);
            for (Header header : headers) {
                part(sha, bytes(header.key()));
                part(sha, header.value());
            }
            return Base64.getEncoder().encodeToString(sha.digest());
        } catch (java.security.NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void part(MessageDigest sha, byte[] bytes) {
        sha.update(ByteBuffer.allocate(4).putInt(bytes == null ? -1 : bytes.length).flip());
        if (bytes != null) sha.update(bytes);
    }

    /** Null when the broker does not know the request. */
    private static <T> T supported(Callable<T> request) throws Exception {
        try {
            return request.call();
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof UnsupportedVersionException) return null;
            throw failure;
        }
    }

    private static void until(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.currentTimeMillis() + LIMIT_MS;
        while (!condition.call()) {
            if (System.currentTimeMillis() > deadline) throw new IllegalStateException("never: " + what);
            Thread.sleep(50);
        }
    }
}
