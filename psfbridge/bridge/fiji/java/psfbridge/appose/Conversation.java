package psfbridge.appose;

import ij.IJ;
import ij.macro.Interpreter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apposed.appose.Service;
import org.apposed.appose.TaskEvent;
import psfbridge.Fault;
import psfbridge.Python;

/** One question to the Python process, and the wait for its answer: never without a limit. */
final class Conversation {
    private static final String SCRIPT =
            "from psfbridge.bridge.fiji import worker\nworker.answer(task, function, arguments)";
    private static final long POLL_MS = 50;
    private static final long CANCEL_MS = 10_000;
    private final Service service;
    private final String function;
    private final Python.Progress progress;
    private final Service.Task task;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile long heard = System.currentTimeMillis();

    Conversation(Service service, String function, Object[] arguments, Python.Progress progress)
            throws Exception {
        this.service = service;
        this.function = function;
        this.progress = progress;
        Map<String, Object> inputs = new HashMap<>();
        inputs.put("function", function);
        inputs.put("arguments", arguments);
        task = service.task(SCRIPT, inputs);
    }

    /** Wait at most so long between two signs of life; return the record. */
    Map<String, Object> answer(long silentMs) throws Exception {
        // A task says that it is finished before its outputs are there; its listeners hear of both.
        task.listen(this::hear);
        task.start();
        await(silentMs);
        if (task.status != Service.TaskStatus.COMPLETE)
            throw new Fault("it cannot do " + function + ": " + lastWord());
        Object fault = task.outputs.get("fault");
        if (fault != null)
            throw new Fault(fault.toString(), Boolean.TRUE.equals(task.outputs.get("cancelled")));
        return task.outputs;
    }

    private void hear(TaskEvent event) {
        heard = System.currentTimeMillis();
        if (task.status.isFinished())
            ended.countDown();
        else if (progress != null && event.message != null)
            progress.at(event.message, event.current, event.maximum);
    }

    private void await(long silentMs) throws Exception {
        long asked = 0;
        while (!ended.await(POLL_MS, TimeUnit.MILLISECONDS)) {
            if (!service.isAlive()) {
                // Appose tells a task of its process's end, unless that came before the task.
                ended.await(500, TimeUnit.MILLISECONDS);
                return;
            }
            long now = System.currentTimeMillis();
            if (asked == 0 && stopped()) {
                task.cancel();
                asked = now;
            }
            if (asked > 0 && now - asked > CANCEL_MS)
                throw new Silence("Cancelled: cancelled by Escape; nothing was changed.", true);
            if (now - heard > silentMs)
                throw new Silence("it did not respond for " + silentMs / 1000 + " s", false);
        }
    }

    private static boolean stopped() {
        Interpreter macro = Interpreter.getInstance();
        return IJ.escapePressed() || macro != null && macro.done();
    }

    /** Why Python itself failed: the last line that it wrote. */
    private String lastWord() {
        StringBuilder said = new StringBuilder(task.error == null ? "" : task.error).append('\n');
        for (String line : lines(service.errorLines()))
            said.append(line).append('\n');
        String last = "";
        for (String line : said.toString().split("\n"))
            if (!line.trim().isEmpty() && !line.startsWith("[") && !line.startsWith("<"))
                last = line.trim();
        return last.isEmpty() ? "it ended" : last;
    }

    /** A copy of a list that another thread appends to. */
    static String[] lines(List<String> growing) {
        int count = growing.size();
        String[] all = new String[count];
        for (int i = 0; i < count; i++)
            all[i] = String.valueOf(growing.get(i));
        return all;
    }

    /** Python has to be ended: it does not answer. */
    static final class Silence extends Exception {
        private static final long serialVersionUID = 1L;
        final boolean cancelled;

        Silence(String why, boolean cancelled) {
            super(why);
            this.cancelled = cancelled;
        }
    }
}
