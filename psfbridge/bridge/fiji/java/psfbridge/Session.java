package psfbridge;

import ij.IJ;
import ij.ImagePlus;
import ij.WindowManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The commands: from options to what is shown. One for each ImageJ. */
public final class Session {
    private static final String FIND = "Find Beads...";
    /** A dialog's preview and the command that follows it lock the same image: each waits here. */
    private static final Object GATHERING = new Object();
    private static Session current;
    final Python python;
    private final Map<String, Object> known;
    private final Map<String, Object> figures = new HashMap<>();

    private Session(Python python) throws Fault {
        this.python = python;
        known = python.ask("describe", new Object[0], null);
    }

    /** The session of this ImageJ; the first call starts Python. */
    static synchronized Session get(boolean mayAsk) throws Fault {
        if (current == null)
            current = new Session(Home.python(mayAsk));
        return current;
    }

    /** End Python; the next command starts another. */
    public static synchronized void end() {
        if (current != null)
            current.python.stop();
        current = null;
    }

    /** The Ext. functions, by name. */
    Map<String, Object> extensions() {
        return Records.record(known.get("extensions"));
    }

    /** What commands gave by name, each from the last one that gave it. */
    Map<String, Object> figures() {
        return figures;
    }

    /** Run a command on an image and show what it gives; return its figures. */
    Map<String, Object> run(String command, String options, ImagePlus imp) throws Fault {
        return run(command, options, imp, false);
    }

    /** As above; more is shown where a person asked. */
    Map<String, Object> run(String command, String options, ImagePlus imp, boolean person)
            throws Fault {
        IJ.showStatus("PSF Bridge: " + command);
        try {
            return work(command, options, imp, Session::report, false, (record, images) -> {
                Outcome.show(imp, record, images, person);
                Map<String, Object> own = Records.record(record.get("figures"));
                figures.putAll(own);
                return own;
            });
        } finally {
            IJ.showProgress(1.0);
            IJ.showStatus("");
        }
    }

    /** Find beads with what of a dialog's values is for that; return the record. */
    Map<String, Object> find(Map<String, String> values, ImagePlus imp) throws Fault {
        Map<String, Object> found = python.ask("find_text", new Object[] {values}, null);
        return work(FIND, Records.text(found, "text"), imp, null, true, (record, images) -> record);
    }

    /** Have Python work, and hand record and images on; no shared memory is left. */
    private <T> T work(String command, String options, ImagePlus imp, Python.Progress progress,
            boolean preview, Use<T> use) throws Fault {
        List<Room> rooms = new ArrayList<>();
        String key = UUID.randomUUID().toString();
        try {
            Map<String, Object> call = gather(command, options, imp, rooms);
            call.put("preview", preview);
            Map<String, Object> record = python.ask("work", new Object[] {key, call}, progress);
            return use.of(record, collect(key, record, rooms));
        } finally {
            rooms.forEach(Room::close);
        }
    }

    private Map<String, Object> gather(String command, String options, ImagePlus imp,
            List<Room> rooms) throws Fault {
        synchronized (GATHERING) {
            boolean free = imp != null && imp.lockSilently();
            try {
                return new Gathering(python, rooms).call(command, options, imp, free);
            } finally {
                if (free)
                    imp.unlock();
            }
        }
    }

    private List<ImagePlus> collect(String key, Map<String, Object> record, List<Room> rooms)
            throws Fault {
        List<Map<String, Object>> pictures = Records.records(record, "pictures");
        List<Room> own = new ArrayList<>();
        for (Map<String, Object> picture : pictures) {
            Room room = python.room("float32", Records.wholes(picture, "shape"));
            rooms.add(room);
            own.add(room);
        }
        Object[] sent = own.stream().map(Room::sent).toArray();
        python.ask("collect", new Object[] {key, Arrays.asList(sent)}, null);
        List<ImagePlus> images = new ArrayList<>();
        for (int i = 0; i < own.size(); i++)
            images.add(Pixels.receive(pictures.get(i), own.get(i)));
        return images;
    }

    private static void report(String stage, long done, long total) {
        IJ.showStatus("PSF Bridge: " + stage + "...");
        IJ.showProgress(done / (double) Math.max(total, 1));
    }

    /** The titles of the open images. */
    static List<String> titles() {
        return Arrays.asList(WindowManager.getImageTitles());
    }

    /** What is done with a record and its images. */
    private interface Use<T> {
        T of(Map<String, Object> record, List<ImagePlus> images) throws Fault;
    }
}
