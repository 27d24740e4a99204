import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.runtime.TargetState;
import org.apache.kafka.connect.runtime.distributed.ConnectProtocol;
import org.apache.kafka.connect.runtime.distributed.ExtendedWorkerState;
import org.apache.kafka.connect.runtime.distributed.IncrementalCooperativeAssignor;
import org.apache.kafka.connect.runtime.distributed.IncrementalCooperativeConnectProtocol;
import org.apache.kafka.connect.runtime.distributed.WorkerCoordinator.ConnectorsAndTasks;
import org.apache.kafka.connect.storage.ClusterConfigState;
import org.apache.kafka.connect.util.ConnectorTaskId;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The group protocol of Connect's own classes. A line is one of
 * {"op": "metadata" or "assignment", "bytes": hex, "version": 0 to 2}, to be read and written again;
 * {"op": "new", "delay": scheduled.rebalance.max.delay.ms}, which begins a new assignor;
 * {"op": "assign", "now", "completed", "generation", "configured": {connector: tasks}, "members": {id: {"connectors":
 * [name], "tasks": [[name, number]]}}}, answered by {"delay", "members": {id: {"assigned": share, "revoked": share}}}.
 */
public final class ConnectGroupJudge {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Clock CLOCK = new Clock();
    private static IncrementalCooperativeAssignor assignor;

    private ConnectGroupJudge() { }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.print(JSON.writeValueAsString(answer(JSON.readTree(line))) + '\n');
            out.flush();
        }
    }

    private static Object answer(JsonNode question) throws Exception {
        return switch (question.get("op").asText()) {
            case "metadata" -> metadata(bytes(question.get("bytes")), question.get("version").asInt());
            case "assignment" -> assignment(bytes(question.get("bytes")), question.get("version").asInt());
            case "new" -> {
                assignor = new IncrementalCooperativeAssignor(new LogContext(), CLOCK, question.get("delay").asInt());
                yield true;
            }
            case "assign" -> assign(question);
            default -> throw new IllegalArgumentException("unknown op");
        };
    }

    private static String metadata(ByteBuffer bytes, int version) {
        ExtendedWorkerState state = IncrementalCooperativeConnectProtocol.deserializeMetadata(bytes);
        return hex(version == 0
            ? ConnectProtocol.serializeMetadata(state)
            : IncrementalCooperativeConnectProtocol.serializeMetadata(state, version == 2));
    }

    private static String assignment(ByteBuffer bytes, int version) {
        return hex(version == 0
            ? ConnectProtocol.serializeAssignment(ConnectProtocol.deserializeAssignment(bytes))
            : IncrementalCooperativeConnectProtocol.serializeAssignment(
                IncrementalCooperativeConnectProtocol.deserializeAssignment(bytes), version == 2));
    }

    private static ObjectNode assign(JsonNode question) throws Exception {
        CLOCK.now = question.get("now").asLong();
        Map<String, ConnectorsAndTasks> members = new HashMap<>();
        question.get("members").properties().forEach(member -> members.put(member.getKey(), share(member.getValue())));
        Method method = IncrementalCooperativeAssignor.class.getDeclaredMethod(
            "performTaskAssignment", ClusterConfigState.class, int.class, int.class, Map.class);
        method.setAccessible(true);
        Object cluster = method.invoke(assignor, configured(question.get("configured")),
            question.get("completed").asInt(), question.get("generation").asInt(), members);
        ObjectNode answer = JSON.createObjectNode();
        Field delay = IncrementalCooperativeAssignor.class.getDeclaredField("delay");
        delay.setAccessible(true);
        answer.put("delay", delay.getInt(assignor));
        ObjectNode plans = answer.putObject("members");
        for (Map.Entry<String, JsonNode> member : question.get("members").properties()) {
            String id = member.getKey();
            ObjectNode plan = plans.putObject(id);
            put(plan.putObject("assigned"), of(cluster, "newlyAssignedConnectors", id), of(cluster, "newlyAssignedTasks", id));
            put(plan.putObject("revoked"), of(cluster, "newlyRevokedConnectors", id), of(cluster, "newlyRevokedTasks", id));
        }
        return answer;
    }

    private static Collection<?> of(Object cluster, String what, String member) throws Exception {
        Method method = cluster.getClass().getDeclaredMethod(what, String.class);
        method.setAccessible(true);
        return (Collection<?>) method.invoke(cluster, member);
    }

    private static void put(ObjectNode share, Collection<?> connectors, Collection<?> tasks) {
        ArrayNode names = share.putArray("connectors");
        connectors.forEach(connector -> names.add((String) connector));
        ArrayNode ids = share.putArray("tasks");
        tasks.forEach(task -> {
            ConnectorTaskId id = (ConnectorTaskId) task;
            ids.addArray().add(id.connector()).add(id.task());
        });
    }

    private static ConnectorsAndTasks share(JsonNode share) {
        List<String> connectors = new ArrayList<>();
        share.get("connectors").forEach(connector -> connectors.add(connector.asText()));
        List<ConnectorTaskId> tasks = new ArrayList<>();
        share.get("tasks").forEach(task -> tasks.add(new ConnectorTaskId(task.get(0).asText(), task.get(1).asInt())));
        return new ConnectorsAndTasks.Builder().with(connectors, tasks).build();
    }

    private static ClusterConfigState configured(JsonNode configured) {
        Map<String, Integer> counts = new HashMap<>();
        Map<String, Map<String, String>> connectors = new HashMap<>();
        Map<String, TargetState> targets = new HashMap<>();
        Map<ConnectorTaskId, Map<String, String>> tasks = new LinkedHashMap<>();
        configured.properties().forEach(connector -> {
            counts.put(connector.getKey(), connector.getValue().asInt());
            connectors.put(connector.getKey(), Map.of());
            targets.put(connector.getKey(), TargetState.STARTED);
            for (int i = 0; i < connector.getValue().asInt(); i++) {
                tasks.put(new ConnectorTaskId(connector.getKey(), i), Map.of());
            }
        });
        return new ClusterConfigState(1, null, counts, connectors, targets, tasks, Map.of(), Map.of(), Map.of(),
            Set.of(), Set.of());
    }

    private static ByteBuffer bytes(JsonNode hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex.asText()));
    }

    private static String hex(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** A clock that stands where the question says. */
    private static final class Clock implements Time {
        private long now;

        @Override
        public long milliseconds() {
            return now;
        }

        @Override
        public long nanoseconds() {
            return now * 1_000_000;
        }

        @Override
        public void sleep(long ms) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void waitObject(Object object, Supplier<Boolean> condition, long deadline) {
            throw new UnsupportedOperationException();
        }
    }
}
