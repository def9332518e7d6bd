import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's command-line tools one after another in this one process, which saves each of them the start of a JVM:
 * a line {"class", "args", "input", "timeoutMs"} in, a line {"status", "stdout", "stderr"} out.
 */
public final class Tools {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Ends a tool in place of the process. */
    private static final class Ended extends Error {
        Ended() {
            super("ended", null, false, false);
        }
    }

    public static void main(String[] args) throws Exception {
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream answers = System.out;
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            answers.println(run(JSON.readTree(line)));
            answers.flush();
        }
        Runtime.getRuntime().halt(0);
    }

    private static String run(JsonNode command) throws Exception {
        var stdout = new ByteArrayOutputStream();
        var stderr = new ByteArrayOutputStream();
        System.setOut(new PrintStream(stdout, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(stderr, true, StandardCharsets.UTF_8));
        System.setIn(new ByteArrayInputStream(command.path("input").asText("").getBytes(StandardCharsets.UTF_8)));
        AtomicReference<Integer> status = new AtomicReference<>();
        // The first word counts: a tool that catches its own end only repeats itself.
        Exit.Procedure end = (code, message) -> {
            if (status.compareAndSet(null, code) && message != null) System.err.println(message);
            throw new Ended();
        };
        Exit.setExitProcedure(end);
        Exit.setHaltProcedure(end);
        // A tool may leave its last work, as a flush, to a hook: they run when it has ended.
        Queue<Runnable> hooks = new ConcurrentLinkedQueue<>();
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        String[] arguments = JSON.convertValue(command.get("args"), String[].class);
        var main = Class.forName(command.get("class").asText()).getMethod("main", String[].class);
        Thread thread = new Thread(() -> {
            try {
                main.invoke(null, (Object) arguments);
                status.compareAndSet(null, 0);
            } catch (InvocationTargetException wrapped) {
                if (status.compareAndSet(null, 1)) wrapped.getCause().printStackTrace();
            } catch (Throwable failure) {
                if (status.compareAndSet(null, 1)) failure.printStackTrace();
            }
            hooks.forEach(Runnable::run);
        });
        thread.setDaemon(true);
        thread.start();
        thread.join(command.path("timeoutMs").asLong(30_000));
        boolean late = thread.isAlive();
        var answer = JSON.createObjectNode();
        answer.put("status", late ? -1 : status.get());
        answer.put("stdout", stdout.toString(StandardCharsets.UTF_8));
        answer.put("stderr", stderr.toString(StandardCharsets.UTF_8));
        return answer.toString();
    }
}
