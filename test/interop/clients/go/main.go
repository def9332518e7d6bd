// The franz-go client behind the suite's command line (see ../README.md): client produce|consume ARGS...
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type header struct {
	name  string
	value []byte
}

func (h header) MarshalJSON() ([]byte, error) { return json.Marshal([]any{h.name, h.value}) }

func (h *header) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&h.name, &h.value})
}

type record struct {
	Event     string   `json:"e,omitempty"`
	Topic     string   `json:"topic,omitempty"`
	Partition int32    `json:"p"`
	Offset    int64    `json:"o"`
	Key       []byte   `json:"k"`
	Value     []byte   `json:"v"`
	Headers   []header `json:"h"`
	Timestamp int64    `json:"t"`
}

var lock sync.Mutex

func show(event any) {
	lock.Lock()
	defer lock.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(event); err != nil {
		log.Fatal(err)
	}
}

func main() {
	switch os.Args[1] {
	case "produce":
		produce(os.Args[2], os.Args[3], os.Args[4])
	case "transact":
		transact(os.Args[2], os.Args[3], os.Args[4])
	case "consume":
		consume(os.Args[2], os.Args[3], os.Args[4:])
	}
}

func producer(bootstrap, codec string, options ...kgo.Opt) *kgo.Client {
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(bootstrap), kgo.ClientID("interop-franz-go"),
		kgo.ProducerBatchCompression(codecs[codec]), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(5*time.Millisecond), kgo.ProducerBatchMaxBytes(4_000_000))...)
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func readRecords(topic string) []*kgo.Record {
	decoder := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	var records []*kgo.Record
	for {
		var r record
		if err := decoder.Decode(&r); err == io.EOF {
			return records
		} else if err != nil {
			log.Fatal(err)
		}
		out := &kgo.Record{Topic: topic, Partition: r.Partition, Key: r.Key, Value: r.Value, Timestamp: time.UnixMilli(r.Timestamp)}
		for _, h := range r.Headers {
			out.Headers = append(out.Headers, kgo.RecordHeader{Key: h.name, Value: h.value})
		}
		records = append(records, out)
	}
}

func produce(bootstrap, topic, codec string) {
	client := producer(bootstrap, codec)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for index, out := range readRecords(topic) {
		client.Produce(ctx, out, func(done *kgo.Record, err error) {
			if err != nil {
				log.Fatal(err)
			}
			show(map[string]any{"i": index, "o": done.Offset})
		})
	}
	if err := client.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	client.Close()
}

// transact sends the records in three transactions, of which the second one is aborted.
func transact(bootstrap, topic, codec string) {
	client := producer(bootstrap, codec, kgo.TransactionalID("interop-franz-go"))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	records := readRecords(topic)
	part := (len(records) + 2) / 3
	for from := 0; from < len(records); from += part {
		if err := client.BeginTransaction(); err != nil {
			log.Fatal(err)
		}
		until := min(from+part, len(records))
		if err := client.ProduceSync(ctx, records[from:until]...).FirstErr(); err != nil {
			log.Fatal(err)
		}
		if err := client.EndTransaction(ctx, kgo.TransactionEndTry(from != part)); err != nil {
			log.Fatal(err)
		}
		for index := from; from != part && index < until; index++ {
			show(map[string]any{"i": index, "o": records[index].Offset})
		}
	}
	client.Close()
}

func consume(bootstrap, group string, topics []string) {
	mine := map[string]bool{}
	tell := func(changed map[string][]int32, add bool) {
		for topic, partitions := range changed {
			for _, partition := range partitions {
				name := topic + "-" + strconv.Itoa(int(partition))
				if add {
					mine[name] = true
				} else {
					delete(mine, name)
				}
			}
		}
		names := []string{}
		for name := range mine {
			names = append(names, name)
		}
		slices.Sort(names)
		show(map[string]any{"e": "assigned", "partitions": names})
	}
	options := []kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.ClientID("interop-franz-go"),
		kgo.ConsumerGroup(group), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(10 * time.Second), kgo.HeartbeatInterval(300 * time.Millisecond), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, m map[string][]int32) { tell(m, true) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, c *kgo.Client, m map[string][]int32) {
			if err := c.CommitUncommittedOffsets(ctx); err != nil {
				log.Fatal(err)
			}
			tell(m, false)
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, m map[string][]int32) { tell(m, false) })}
	if os.Getenv("GROUP_PROTOCOL") == "consumer" {
		options = append(options, kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		log.Fatal(err)
	}
	polling, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	for polling.Err() == nil {
		fetches := client.PollFetches(polling)
		fetches.EachError(func(_ string, _ int32, err error) {
			if polling.Err() == nil {
				log.Fatal(err)
			}
		})
		fetches.EachRecord(func(r *kgo.Record) {
			headers := []header{}
			for _, h := range r.Headers {
				headers = append(headers, header{h.Key, h.Value})
			}
			show(record{"record", r.Topic, r.Partition, r.Offset, r.Key, r.Value, headers, r.Timestamp.UnixMilli()})
		})
		client.AllowRebalance()
	}
	if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
		log.Fatal(err)
	}
	client.CloseAllowingRebalance()
}
