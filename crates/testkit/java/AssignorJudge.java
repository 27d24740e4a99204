import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Kafka's own assignors and group bytes. A line is {"op": "subscription" or "assignment", "bytes": hex}, to be
 * read and written again, or {"op": "assign", "strategy": name, "topics": {name: partitions}, "members": {id:
 * {"subscription": hex, "instance": id or null}}}, answered by {id: hex of the assignment}.
 */
public final class AssignorJudge {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Node NODE = new Node(1, "localhost", 9092);

    private AssignorJudge() { }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.print(JSON.writeValueAsString(answer(JSON.readTree(line))) + '\n');
            out.flush();
        }
    }

    private static Object answer(JsonNode question) {
        return switch (question.get("op").asText()) {
            case "subscription" -> hex(ConsumerProtocol.serializeSubscription(
                ConsumerProtocol.deserializeSubscription(bytes(question.get("bytes")))));
            case "assignment" -> hex(ConsumerProtocol.serializeAssignment(
                ConsumerProtocol.deserializeAssignment(bytes(question.get("bytes")))));
            case "assign" -> assign(question);
            default -> throw new IllegalArgumentException("unknown op");
        };
    }

    private static ObjectNode assign(JsonNode question) {
        ConsumerPartitionAssignor assignor = question.get("strategy").asText().equals("range")
            ? new RangeAssignor() : new CooperativeStickyAssignor();
        List<PartitionInfo> partitions = new ArrayList<>();
        question.get("topics").properties().forEach(topic -> {
            for (int i = 0; i < topic.getValue().asInt(); i++) {
                partitions.add(new PartitionInfo(topic.getKey(), i, NODE, new Node[] {NODE}, new Node[] {NODE}));
            }
        });
        Map<String, Subscription> members = new HashMap<>();
        question.get("members").properties().forEach(member -> {
            Subscription subscription =
                ConsumerProtocol.deserializeSubscription(bytes(member.getValue().get("subscription")));
            JsonNode instance = member.getValue().get("instance");
            subscription.setGroupInstanceId(instance.isNull() ? Optional.empty() : Optional.of(instance.asText()));
            members.put(member.getKey(), subscription);
        });
        Cluster cluster = new Cluster("c", List.of(NODE), partitions, Set.of(), Set.of());
        ObjectNode answer = JSON.createObjectNode();
        assignor.assign(cluster, new GroupSubscription(members)).groupAssignment()
            .forEach((id, assignment) -> answer.put(id, hex(ConsumerProtocol.serializeAssignment(assignment))));
        return answer;
    }

    private static ByteBuffer bytes(JsonNode hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex.asText()));
    }

    private static String hex(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
