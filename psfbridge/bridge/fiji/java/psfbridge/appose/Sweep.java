package psfbridge.appose;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;

/** Shared memory that a killed process left behind: Linux keeps it, and lists it in a folder. */
final class Sweep {
    private static final File SHARED = new File("/dev/shm");
    private static final File PROCESSES = new File("/proc");

    private Sweep() {}

    static void shared() {
        File[] ours = SHARED.listFiles((folder, name) -> name.startsWith(ApposeRoom.PREFIX));
        if (ours == null || !PROCESSES.isDirectory())
            return;
        for (File each : ours) {
            String process = each.getName().substring(ApposeRoom.PREFIX.length()).split("_")[0];
            if (!new File(PROCESSES, process).exists())
                delete(each);
        }
    }

    private static void delete(File left) {
        try {
            Files.deleteIfExists(left.toPath());
        } catch (IOException another) {
            // Of another user, who sweeps it at the next start.
        }
    }
}
