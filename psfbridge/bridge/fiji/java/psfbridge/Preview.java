package psfbridge;

import ij.IJ;
import ij.ImagePlus;
import ij.gui.Overlay;
import java.util.Map;

/** The beads shown on the image while a dialog is open; only the latest request counts. */
final class Preview {
    private final Session session;
    private final ImagePlus imp;
    private final Overlay before;
    private int latest;

    Preview(Session session, ImagePlus imp) {
        this.session = session;
        this.imp = imp;
        before = imp.getOverlay() == null ? null : imp.getOverlay().duplicate();
    }

    /** Show the beads with these values; null takes them away. */
    synchronized void show(Map<String, String> values) {
        int number = ++latest;
        if (values == null) {
            imp.setOverlay(before);
            return;
        }
        Thread work = new Thread(() -> find(number, values), "PSF Bridge preview");
        work.setDaemon(true);
        work.start();
    }

    private void find(int number, Map<String, String> values) {
        try {
            Map<String, Object> record = session.find(values, imp);
            synchronized (this) {
                if (number == latest)
                    Outcome.mark(imp, record, true);
            }
            IJ.showStatus(Records.list(record, "log").get(0).toString());
        } catch (Fault fault) {
            // The person is still choosing.
            IJ.showStatus(fault.getMessage());
        }
    }
}
