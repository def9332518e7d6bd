import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Every kind of producer with every kind of consumer of Apache Kafka's client: Matrix BOOTSTRAP
 *
 * {plain, idempotent, transactional} x codecs write to topics of their own; {classic, consumer protocol} x
 * {read_uncommitted, read_committed} read each of them in a group of their own, commit, and go on from there in a second
 * life. The transactional producer aborts every third transaction. Prints one line for each combination.
 */
public final class Matrix {
    private static final int PARTITIONS = 2;
    private static final int RECORDS = 120;
    private static final int TRANSACTION_RECORDS = 20;
    /** Most of a reading is waiting for its group. */
    private static final int READERS = 8;
    private static final long LIMIT_MS = 30_000;
    private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    private static final String PAYLOAD = "and the same text again and again".repeat(8);

    private final String bootstrap;

    private Matrix(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    /** What was written: value by place; and what of it was committed. */
    private record Written(Map<String, String> all, Map<String, String> committed) { }

    public static void main(String[] args) throws Exception {
        Matrix matrix = new Matrix(args[0]);
        List<Future<?>> readings = new ArrayList<>();
        ExecutorService readers = Executors.newFixedThreadPool(READERS);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            for (String producer : List.of("plain", "idempotent", "transactional")) {
                for (String codec : CODECS) {
                    String topic = "matrix-" + producer + "-" + codec;
                    admin.createTopics(List.of(new NewTopic(topic, PARTITIONS, (short) 1))).all().get();
                    Written written = matrix.write(topic, producer, codec);
                    for (String protocol : List.of("classic", "consumer")) {
                        for (String isolation : List.of("read_uncommitted", "read_committed")) {
                            readings.add(readers.submit(() -> {
                                matrix.read(topic, protocol, isolation, written);
                                System.out.println(new ObjectMapper().writeValueAsString(Map.of("producer", producer,
                                    "codec", codec, "protocol", protocol, "isolation", isolation)));
                                return null;
                            }));
                        }
                    }
                }
            }
            for (Future<?> reading : readings) reading.get();
        } finally {
            readers.shutdownNow();
        }
    }

    private Written write(String topic, String kind, String codec) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("compression.type", codec);
        config.put("linger.ms", "2");
        config.put("batch.size", "2000");
        config.put("enable.idempotence", String.valueOf(!kind.equals("plain")));
        if (kind.equals("plain")) config.put("acks", codec.equals("none") ? "1" : "all");
        boolean transactional = kind.equals("transactional");
        if (transactional) config.put("transactional.id", topic);
        Written written = new Written(new TreeMap<>(), new TreeMap<>());
        try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            if (transactional) producer.initTransactions();
            for (int from = 0; from < RECORDS; from += TRANSACTION_RECORDS) {
                boolean commits = !transactional || from / TRANSACTION_RECORDS % 3 != 1;
                if (transactional) producer.beginTransaction();
                List<Future<RecordMetadata>> sent = new ArrayList<>();
                for (int n = from; n < from + TRANSACTION_RECORDS; n++)
                    sent.add(producer.send(new ProducerRecord<>(topic, n % PARTITIONS, "k" + n, n + PAYLOAD)));
                producer.flush();
                if (transactional && commits) producer.commitTransaction();
                else if (transactional) producer.abortTransaction();
                for (int n = 0; n < TRANSACTION_RECORDS; n++) {
                    RecordMetadata at = sent.get(n).get();
                    String place = at.partition() + "@" + at.offset();
                    written.all.put(place, from + n + PAYLOAD);
                    if (commits) written.committed.put(place, from + n + PAYLOAD);
                }
            }
        }
        if (written.all.size() != RECORDS) throw new IllegalStateException(topic + ": two records have one offset");
        return written;
    }

    private void read(String topic, String protocol, String isolation, Written written) {
        boolean committedOnly = isolation.equals("read_committed");
        Map<String, String> expected = committedOnly ? written.committed : written.all;
        Map<String, String> found = new TreeMap<>();
        String group = topic + "-" + protocol + "-" + isolation;
        // Its first life ends in the middle, by a commit; the second one goes on from there.
        life(topic, group, protocol, isolation, found, expected.size() / 2);
        int first = found.size();
        if (first == expected.size()) throw new IllegalStateException(group + ": the first life read everything");
        life(topic, group, protocol, isolation, found, expected.size());
        if (!found.equals(expected))
            throw new IllegalStateException(group + ": expected " + expected.keySet() + ", found " + found.keySet());
    }

    private void life(String topic, String group, String protocol, String isolation, Map<String, String> found, int until) {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("group.id", group);
        config.put("group.protocol", protocol);
        config.put("isolation.level", isolation);
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", "false");
        config.put("max.poll.records", "10");
        config.put("fetch.max.wait.ms", "50");
        long lateMs = System.currentTimeMillis() + LIMIT_MS;
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            while (found.size() < until) {
                if (System.currentTimeMillis() > lateMs)
                    throw new IllegalStateException(group + ": " + found.size() + " of " + until + " records came");
                consumer.poll(Duration.ofMillis(50)).forEach(record -> {
                    String place = record.partition() + "@" + record.offset();
                    if (found.put(place, record.value()) != null) throw new IllegalStateException(group + ": twice: " + place);
                    if (!record.value().startsWith(record.key().substring(1)))
                        throw new IllegalStateException(group + ": key " + record.key() + " with another's value");
                });
                consumer.commitSync();
            }
            Set<TopicPartition> mine = consumer.assignment();
            if (mine.size() != PARTITIONS) throw new IllegalStateException(group + ": it has " + mine);
            consumer.committed(mine).forEach((partition, at) -> {
                if (at == null || at.offset() != consumer.position(partition))
                    throw new IllegalStateException(group + ": committed " + at + " at " + consumer.position(partition));
            });
        }
    }
}
