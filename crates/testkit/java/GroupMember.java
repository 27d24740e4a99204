import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;

import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Kafka's own consumer in a group, reading all the time; commits when it gives partitions up and when it ends.
 *
 * Arguments: bootstrap servers, group, topic, further settings as key=value. Lines: "assignment" is answered
 * by the topic-partitions it has, "records" by the topic-partition@offset of all it has read, "close" by [].
 */
public final class GroupMember {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final KafkaConsumer<String, String> consumer;
    private final Set<String> assignment = new TreeSet<>();
    private final Set<String> records = new TreeSet<>();
    private volatile boolean closing;

    private GroupMember(Map<String, Object> settings) {
        consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    public static void main(String[] args) throws Exception {
        Map<String, Object> settings = new HashMap<>(Map.of(
            "bootstrap.servers", args[0], "group.id", args[1], "auto.offset.reset", "earliest",
            "enable.auto.commit", "false", "heartbeat.interval.ms", "500"));
        for (String setting : List.of(args).subList(3, args.length)) {
            String[] pair = setting.split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        GroupMember member = new GroupMember(settings);
        Thread reader = new Thread(() -> member.read(args[2]));
        reader.start();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.equals("close")) {
                member.closing = true;
                reader.join();
            }
            out.print(JSON.writeValueAsString(member.answer(line)) + '\n');
            out.flush();
        }
        System.exit(0);
    }

    private synchronized ArrayNode answer(String line) {
        ArrayNode answer = JSON.createArrayNode();
        switch (line) {
            case "assignment" -> assignment.forEach(answer::add);
            case "records" -> records.forEach(answer::add);
            default -> { }
        }
        return answer;
    }

    private void read(String topic) {
        consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                consumer.commitSync();
                forget(partitions);
            }

            @Override
            public void onPartitionsLost(Collection<TopicPartition> partitions) {
                forget(partitions);
            }

            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                synchronized (GroupMember.this) {
                    partitions.forEach(partition -> assignment.add(partition.toString()));
                }
            }
        });
        while (!closing) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                synchronized (this) {
                    records.add(record.topic() + "-" + record.partition() + "@" + record.offset());
                }
            }
        }
        consumer.commitSync();
        consumer.close();
    }

    private synchronized void forget(Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> assignment.remove(partition.toString()));
    }
}
