package psfbridge;

import ij.IJ;
import ij.ImagePlus;
import ij.gui.OvalRoi;
import ij.gui.Overlay;
import ij.gui.Roi;
import ij.gui.TextRoi;
import ij.measure.ResultsTable;
import ij.plugin.BrowserLauncher;
import ij.plugin.filter.Analyzer;
import java.awt.Color;
import java.awt.Font;
import java.awt.GraphicsEnvironment;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a command leaves in ImageJ: images, tables, marks on the input, and lines in the Log. */
final class Outcome {
    private Outcome() {}

    /**
     * Show everything; the last image is active afterwards.
     *
     * @param person whether a person asked: then widths and profiles are shown too, which a macro
     *        asks for by itself
     */
    static void show(ImagePlus imp, Map<String, Object> record, List<ImagePlus> images,
            boolean person) {
        keep(imp, record, "properties");
        keep(imp, record, "marked");
        if (Records.flag(record, "found")) {
            mark(imp, record, false);
            showBeads(imp, Records.records(record, "table"));
        }
        Map<String, Object> measured = Records.record(record.get("measured"));
        Map<String, Object> profiles = Records.record(record.get("profiles"));
        if (!measured.isEmpty() && (person || profiles.isEmpty()))
            addMeasures(imp == null ? "" : imp.getTitle(), measured);
        if (!profiles.isEmpty() && person)
            Profiles.show(images.get(images.size() - 1).getTitle(), profiles);
        images.forEach(Outcome::show);
        if (!Records.text(record, "own_title").isEmpty())
            showRows(Records.text(record, "own_title"), Records.records(record, "own_table"));
        if (!Records.text(record, "opens").isEmpty() && IJ.getInstance() != null)
            open(Records.text(record, "opens"));
        Records.list(record, "log").forEach(line -> IJ.log(line.toString()));
    }

    /** Keep with an image what Python says of it. */
    static void keep(ImagePlus imp, Map<String, Object> record, String key) {
        if (imp != null)
            Records.record(record.get(key)).forEach(imp::setProperty);
    }

    private static void show(ImagePlus imp) {
        imp.show();
        // A new window's slider stands at the first slice, whatever slice is shown.
        imp.setPosition(1, 1, 1);
        imp.setPosition(1, imp.getNSlices() / 2 + 1, 1);
    }

    /** Mark the beads on their image, in place of the marks of an earlier run. */
    static void mark(ImagePlus imp, Map<String, Object> record, boolean everySlice) {
        if (imp.getProcessor() == null) {
            IJ.log(imp.getTitle() + " was closed in the meantime: its beads are only in the table.");
            return;
        }
        Overlay overlay = imp.getOverlay() == null ? new Overlay() : imp.getOverlay();
        String name = Records.text(record, "mark_name");
        for (int i = overlay.size() - 1; i >= 0; i--)
            if (String.valueOf(overlay.get(i).getName()).startsWith(name))
                overlay.remove(i);
        Set<Object> seen = new HashSet<>();
        for (Map<String, Object> mark : Records.records(record, "marks"))
            if (!everySlice || seen.add(mark.get("bead")))
                for (Roi roi : new Roi[] {circle(mark, record), number(mark, record)})
                    overlay.add(named(imp, roi, mark, everySlice));
        imp.setOverlay(overlay.size() > 0 ? overlay : null);
    }

    private static Roi circle(Map<String, Object> mark, Map<String, Object> record) {
        double radius = Records.number(record, "mark_radius");
        // Index 0 is the centre of the first voxel; ImageJ's 0.0 is that voxel's corner.
        double x = Records.number(mark, "x") + 0.5 - radius;
        double y = Records.number(mark, "y") + 0.5 - radius;
        return new OvalRoi(x, y, 2 * radius, 2 * radius);
    }

    /** The number of the bead in the table, at the upper right of its circle. */
    private static Roi number(Map<String, Object> mark, Map<String, Object> record) {
        double radius = Records.number(record, "mark_radius");
        int x = (int) (Records.number(mark, "x") + radius);
        int y = (int) (Records.number(mark, "y") - 2 * radius);
        Font font = new Font(Font.SANS_SERIF, Font.PLAIN, Records.whole(record, "mark_letters"));
        return new TextRoi(x, y, Records.text(mark, "bead"), font);
    }

    private static Roi named(ImagePlus imp, Roi roi, Map<String, Object> mark, boolean everySlice) {
        roi.setName(Records.text(mark, "name"));
        int[] colour = Records.wholes(mark, "colour");
        roi.setStrokeColor(new Color(colour[0], colour[1], colour[2]));
        if (!everySlice)
            place(imp, roi, mark);
        return roi;
    }

    private static void place(ImagePlus imp, Roi roi, Map<String, Object> mark) {
        int z = Records.whole(mark, "z") + 1;
        int channel = Records.whole(mark, "channel");
        int frame = Records.whole(mark, "frame");
        // Channel 0 shows in every channel: the channels of a composite are seen together.
        if (imp.isHyperStack())
            roi.setPosition(imp.isComposite() ? 0 : channel, z, frame);
        else if (imp.getStackSize() > 1)
            roi.setPosition(imp.getStackIndex(channel, z, frame));
    }

    private static void open(String page) {
        try {
            BrowserLauncher.openURL(page);
        } catch (IOException absent) {
            IJ.log("No browser could be started. Open " + page);
        }
    }

    private static void showBeads(ImagePlus imp, List<Map<String, Object>> rows) {
        String title = "Beads of " + imp.getTitle();
        showRows(title, rows);
        BeadClicks.listen(title, imp, rows);
    }

    private static void showRows(String title, List<Map<String, Object>> rows) {
        ResultsTable table = new ResultsTable();
        for (Map<String, Object> row : rows) {
            table.addRow();
            row.forEach((name, value) -> add(table, name, value));
        }
        // Without a window there is no table but Results.
        if (GraphicsEnvironment.isHeadless())
            Analyzer.setResultsTable(table);
        table.show(title);
    }

    /** Add a row to Results, as ImageJ's own Measure does. */
    private static void addMeasures(String title, Map<String, Object> row) {
        ResultsTable table = ResultsTable.getResultsTable();
        // Without a window a table of beads may be there: rows of another kind have no place in it.
        if (table.columnExists("status"))
            table.reset();
        table.addRow();
        table.addLabel(title);
        row.forEach((name, value) -> add(table, name, value));
        table.show("Results");
    }

    private static void add(ResultsTable table, String name, Object value) {
        if (value instanceof String)
            table.addValue(name, (String) value);
        else
            table.addValue(name, Records.number(value));
    }
}
