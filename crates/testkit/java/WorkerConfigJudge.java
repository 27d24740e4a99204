import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.runtime.distributed.DistributedConfig;

/**
 * What a distributed worker says of its properties: for a line {@code key=value}, or {@code key} for a key that is
 * missing, in otherwise right properties, the message of the error or {@code ok}.
 */
public class WorkerConfigJudge {
    private static final String JSON = "org.apache.kafka.connect.json.JsonConverter";

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(judge(line));
        }
    }

    private static String judge(String line) {
        Map<String, String> properties = new HashMap<>(Map.of(
            "bootstrap.servers", "127.0.0.1:9092",
            "group.id", "g",
            "config.storage.topic", "c",
            "offset.storage.topic", "o",
            "status.storage.topic", "s",
            "key.converter", JSON,
            "value.converter", JSON));
        int equals = line.indexOf('=');
        if (equals < 0) {
            properties.remove(line);
        } else {
            properties.put(line.substring(0, equals), line.substring(equals + 1));
        }
        try {
            new DistributedConfig(properties);
            return "ok";
        } catch (ConfigException e) {
            return e.getMessage();
        }
    }
}
