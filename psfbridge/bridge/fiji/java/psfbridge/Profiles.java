package psfbridge;

import ij.gui.Plot;
import java.awt.Color;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The profiles of a PSF in ImageJ's plot window, with the half maximum. */
final class Profiles {
    private static final Map<String, Color> COLOURS = new HashMap<>();

    static {
        // Told apart by people with any colour vision.
        COLOURS.put("x", new Color(0, 114, 178));
        COLOURS.put("y", new Color(0, 158, 115));
        COLOURS.put("z", new Color(213, 94, 0));
    }

    private Profiles() {}

    static void show(String title, Map<String, Object> profiles) {
        Plot plot = new Plot("Profiles of " + title, "distance (\u00B5m)", "of the maximum");
        double far = 0;
        for (Object line : profiles.values())
            for (double where : numbers(line, 0))
                far = Math.max(far, Math.abs(where));
        plot.setLimits(-far, far, 0, 1.05);
        StringBuilder legend = new StringBuilder();
        for (String axis : new TreeSet<>(profiles.keySet())) {
            plot.setColor(COLOURS.get(axis));
            plot.addPoints(numbers(profiles.get(axis), 0), numbers(profiles.get(axis), 1), Plot.LINE);
            legend.append(axis).append('\t');
        }
        plot.setColor(Color.GRAY);
        plot.drawDottedLine(-far, 0.5, far, 0.5, 2);
        plot.setColor(Color.BLACK);
        plot.addLegend(legend.toString().trim());
        plot.show();
    }

    private static double[] numbers(Object line, int which) {
        return Records.numbers(((List<?>) line).get(which));
    }
}
