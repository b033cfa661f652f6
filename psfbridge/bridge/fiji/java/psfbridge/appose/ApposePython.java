package psfbridge.appose;

import ij.IJ;
import java.io.File;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import org.apposed.appose.Service;
import psfbridge.Fault;
import psfbridge.Python;
import psfbridge.Room;

/** A Python process, started through Appose when it is first asked, and kept for the next time. */
public final class ApposePython implements Python {
    // What tasks need is imported before one is read: on Windows NumPy's import would hang then.
    private static final String MAIN = "from psfbridge.bridge.fiji import worker; worker.main()";
    /** By this Python knows whose shared memory to take away when this process is gone. */
    private static final String HOST = "PSFBRIDGE_HOST_PROCESS";
    private static final int START_S = 180;
    private static final int SILENT_S = 60;
    private static final float HALF = 0.5f;
    private final File python;
    private final String version;
    private final Set<Room> open = ConcurrentHashMap.newKeySet();
    private Service service;
    private int told;

    /**
     * @param python the executable
     * @param version of psfbridge that this plug-in belongs to
     */
    public ApposePython(File python, String version) {
        this.python = python;
        this.version = version;
        Runtime.getRuntime().addShutdownHook(new Thread(this::end, "PSF Bridge end"));
    }

    @Override
    public Map<String, Object> ask(String function, Object[] arguments, Progress progress)
            throws Fault {
        return within(() -> {
            Service live = live();
            try {
                return talk(live, function, arguments, progress, limit("silence", SILENT_S));
            } finally {
                logErrors(live);
            }
        });
    }

    @Override
    public Room room(String dtype, int... shape) throws Fault {
        return within(() -> new ApposeRoom(open, dtype, shape));
    }

    @Override
    public synchronized void stop() {
        if (service != null)
            service.kill();
        service = null;
    }

    private Map<String, Object> talk(Service live, String function, Object[] arguments,
            Progress progress, long silentMs) throws Exception {
        try {
            return new Conversation(live, function, arguments, progress).answer(silentMs);
        } catch (Conversation.Silence silence) {
            stop();
            if (silence.cancelled)
                throw new Fault(silence.getMessage(), true);
            throw new Fault(silence.getMessage() + " during " + function + " and was terminated");
        }
    }

    private synchronized Service live() throws Exception {
        if (service != null && service.isAlive())
            return service;
        if (!python.canExecute())
            throw new Fault("BridgeError: Python was not found at " + python + ". Run psfbridge "
                    + "install-fiji again, from the Python in which psfbridge is installed.");
        Sweep.shared();
        IJ.showStatus("PSF Bridge: starting Python...");
        Service fresh = started();
        service = fresh;
        told = 0;
        try {
            greet(fresh);
        } catch (Exception failed) {
            logErrors(fresh);
            stop();
            throw failed;
        }
        return fresh;
    }

    /** Appose's threads are such as the one that starts it: Java must not wait for them. */
    private Service started() throws Exception {
        Map<String, String> ours = Collections.singletonMap(HOST, ApposeRoom.PROCESS);
        Service fresh = new Service(new File("."), ours, python.getPath(), "-c", MAIN);
        Exception[] failed = new Exception[1];
        Thread starter = new Thread(() -> {
            try {
                fresh.start();
            } catch (Exception broken) {
                failed[0] = broken;
            }
        }, "PSF Bridge start");
        starter.setDaemon(true);
        starter.start();
        starter.join();
        if (failed[0] != null)
            throw failed[0];
        return fresh;
    }

    /** Send a small array, and see that Python reads and writes it as meant. */
    private void greet(Service fresh) throws Exception {
        try (Room there = room("uint16", 2, 3, 4); Room back = room("float32", 2, 3, 4)) {
            ShortBuffer numbers = there.buffer().asShortBuffer();
            for (int i = 0; i < 24; i++)
                numbers.put((short) (i * 2800));
            Map<String, Object> answer =
                    talk(fresh, "greet", new Object[] {there.sent(), back.sent()}, null, limit("start", START_S));
            FloatBuffer halves = back.buffer().asFloatBuffer();
            for (int i = 0; i < 24; i++)
                if (halves.get(i) != i * 2800 * HALF)
                    throw new Fault("the image was corrupted in the transfer");
            String theirs = String.valueOf(answer.get("version"));
            if (!version.isEmpty() && !theirs.equals(version))
                IJ.log("PSF Bridge: the plug-in belongs to psfbridge " + version + ", the Python at "
                        + python + " has " + theirs + ". Run psfbridge install-fiji again.");
        }
    }

    private synchronized void logErrors(Service from) {
        String[] lines = Conversation.lines(from.errorLines());
        for (; told < lines.length; told++)
            IJ.log("PSF Bridge, Python: " + lines[told]);
    }

    /** How long Python may be silent, in ms: Python sends a sign of life every second. */
    private static long limit(String of, int seconds) {
        return 1000L * Integer.getInteger("psfbridge." + of + ".seconds", seconds);
    }

    private <T> T within(Callable<T> work) throws Fault {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        // Appose looks for its parts by this one.
        thread.setContextClassLoader(ApposePython.class.getClassLoader());
        try {
            return work.call();
        } catch (Fault fault) {
            throw fault.getMessage().matches("\\w+: .*") ? fault : about(fault.getMessage());
        } catch (Exception broken) {
            throw about(broken.getClass().getSimpleName() + ": " + broken.getMessage());
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private Fault about(String why) {
        return new Fault("BridgeError: the Python at " + python + " failed: " + why + ". It needs "
                + "psfbridge and appose: pip install 'psfbridge[fiji]', then psfbridge install-fiji.");
    }

    /** When Java ends, by itself or by a signal. */
    private void end() {
        if (service != null)
            service.kill();
        open.forEach(Room::close);
    }
}
