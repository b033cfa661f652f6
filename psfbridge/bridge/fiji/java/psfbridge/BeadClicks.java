package psfbridge;

import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.OvalRoi;
import ij.gui.Overlay;
import ij.gui.Roi;
import ij.text.TextPanel;
import ij.text.TextWindow;
import java.awt.Color;
import java.awt.Component;
import java.awt.Window;
import java.awt.event.MouseAdapter;
import java.awt.event.MouseEvent;
import java.awt.event.MouseListener;
import java.util.List;
import java.util.Map;

/**
 * A click on a row of the bead table shows that bead on its image.
 *
 * <p>By a thick circle, not by a selection: the next distillation would take the beads inside.
 */
final class BeadClicks extends MouseAdapter {
    private static final int RADIUS = 6;
    private static final int WIDTH = 2;
    private static final String NAME = "PSF Bridge chosen";
    private final TextPanel panel;
    private final ImagePlus imp;
    private final List<Map<String, Object>> rows;

    private BeadClicks(TextPanel panel, ImagePlus imp, List<Map<String, Object>> rows) {
        this.panel = panel;
        this.imp = imp;
        this.rows = rows;
    }

    /** Listen to the window of this title, if there is one. */
    static void listen(String title, ImagePlus imp, List<Map<String, Object>> rows) {
        Window window = WindowManager.getWindow(title);
        if (!(window instanceof TextWindow))
            return;
        TextPanel panel = ((TextWindow) window).getTextPanel();
        for (Component part : panel.getComponents()) {
            // The window of an earlier run is used again.
            for (MouseListener old : part.getMouseListeners())
                if (old.getClass().getName().equals(BeadClicks.class.getName()))
                    part.removeMouseListener(old);
            part.addMouseListener(new BeadClicks(panel, imp, rows));
        }
    }

    @Override
    public void mouseReleased(MouseEvent event) {
        int row = panel.getSelectionStart();
        if (row >= 0 && row < rows.size() && imp.getProcessor() != null)
            showBead(rows.get(row));
    }

    private void showBead(Map<String, Object> row) {
        imp.setPosition(Records.whole(row, "channel"), Records.whole(row, "slice"), imp.getT());
        double x = Records.number(row, "x") + 0.5 - RADIUS;
        double y = Records.number(row, "y") + 0.5 - RADIUS;
        Roi circle = new OvalRoi(x, y, 2 * RADIUS, 2 * RADIUS);
        circle.setName(NAME);
        circle.setStrokeColor(Color.YELLOW);
        circle.setStrokeWidth(WIDTH);
        Overlay overlay = imp.getOverlay() == null ? new Overlay() : imp.getOverlay();
        overlay.remove(NAME);
        overlay.add(circle);
        imp.setOverlay(overlay);
    }
}
