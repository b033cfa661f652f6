package psfbridge;

import ij.IJ;
import ij.ImagePlus;
import ij.gui.OvalRoi;
import ij.gui.Overlay;
import ij.gui.Roi;
import ij.measure.ResultsTable;
import ij.plugin.filter.Analyzer;
import java.awt.Color;
import java.awt.GraphicsEnvironment;
import java.util.List;
import java.util.Map;

/** What a command leaves in ImageJ: images, tables, marks on the input, and lines in the Log. */
final class Outcome {
    private Outcome() {}

    /** Show everything; the last image is active afterwards. */
    static void show(ImagePlus imp, Map<String, Object> record, List<ImagePlus> images) {
        if (Records.flag(record, "found")) {
            mark(imp, record);
            showBeads("Beads of " + imp.getTitle(), Records.records(record, "table"));
        }
        Map<String, Object> measured = Records.record(record.get("measured"));
        if (!measured.isEmpty())
            addMeasures(imp.getTitle(), measured);
        images.forEach(ImagePlus::show);
        Records.list(record, "log").forEach(line -> IJ.log(line.toString()));
    }

    /** Mark the beads on their image, in place of the marks of an earlier run. */
    static void mark(ImagePlus imp, Map<String, Object> record) {
        if (imp.getProcessor() == null) {
            IJ.log(imp.getTitle() + " was closed during the work: its beads are in the table only.");
            return;
        }
        Overlay overlay = imp.getOverlay() == null ? new Overlay() : imp.getOverlay();
        String name = Records.text(record, "mark_name");
        for (int i = overlay.size() - 1; i >= 0; i--)
            if (String.valueOf(overlay.get(i).getName()).startsWith(name))
                overlay.remove(i);
        double radius = Records.number(record, "mark_radius");
        for (Map<String, Object> mark : Records.records(record, "marks"))
            overlay.add(circle(imp, mark, radius));
        imp.setOverlay(overlay.size() > 0 ? overlay : null);
    }

    private static Roi circle(ImagePlus imp, Map<String, Object> mark, double radius) {
        // Index 0 is the centre of the first voxel; ImageJ's 0.0 is that voxel's corner.
        double x = Records.number(mark, "x") + 0.5 - radius;
        double y = Records.number(mark, "y") + 0.5 - radius;
        Roi circle = new OvalRoi(x, y, 2 * radius, 2 * radius);
        circle.setName(Records.text(mark, "name"));
        int[] colour = Records.wholes(mark, "colour");
        circle.setStrokeColor(new Color(colour[0], colour[1], colour[2]));
        place(imp, circle, mark);
        return circle;
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

    private static void showBeads(String title, List<Map<String, Object>> rows) {
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
