package psfbridge;

import ij.CompositeImage;
import ij.ImagePlus;
import ij.ImageStack;
import ij.gui.Overlay;
import ij.gui.PointRoi;
import ij.gui.Roi;
import ij.measure.Calibration;
import ij.process.FloatPolygon;
import ij.process.ImageProcessor;
import java.awt.Rectangle;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Images to Python and back. */
final class Pixels {
    /** By ImagePlus.GRAY8, GRAY16 and GRAY32. */
    private static final String[] DTYPES = {"uint8", "uint16", "float32"};
    private static final String KEPT = "PSF Bridge";
    private static final int MIB = 1 << 20;

    private Pixels() {}

    static boolean canSend(ImagePlus imp) {
        return imp.getType() < DTYPES.length;
    }

    /** What Python is told of an image, by the names of the methods that it asks. */
    static Map<String, Object> facts(ImagePlus imp, boolean free) {
        if (imp == null)
            return null;
        Map<String, Object> facts = new HashMap<>();
        facts.put("getTitle", imp.getTitle());
        facts.put("getType", imp.getType());
        facts.put("open", imp.getProcessor() != null);
        facts.put("free", free);
        facts.put("getWidth", imp.getWidth());
        facts.put("getHeight", imp.getHeight());
        facts.put("getNChannels", imp.getNChannels());
        facts.put("getNSlices", imp.getNSlices());
        facts.put("getNFrames", imp.getNFrames());
        facts.put("getC", imp.getC());
        facts.put("getT", imp.getT());
        facts.put("calibration", calibration(imp.getCalibration()));
        facts.put("roi", roi(imp.getRoi()));
        facts.put("info", Objects.toString(imp.getProperty("Info"), ""));
        facts.put("overlay", names(imp.getOverlay()));
        facts.put("properties", properties(imp));
        return facts;
    }

    /** How often psfbridge's marks are there, by name. */
    private static Map<String, Integer> names(Overlay overlay) {
        Map<String, Integer> names = new HashMap<>();
        for (int i = 0; overlay != null && i < overlay.size(); i++) {
            String name = String.valueOf(overlay.get(i).getName());
            if (name.startsWith(KEPT))
                names.merge(name, 1, Integer::sum);
        }
        return names;
    }

    /** What psfbridge keeps with an image. */
    private static Map<String, Object> properties(ImagePlus imp) {
        Map<String, Object> kept = new HashMap<>();
        if (imp.getProperties() != null)
            imp.getProperties().forEach((name, value) -> {
                if (String.valueOf(name).startsWith(KEPT))
                    kept.put(name.toString(), value.toString());
            });
        return kept;
    }

    private static Map<String, Object> calibration(Calibration of) {
        boolean signed = of.isSigned16Bit();
        Map<String, Object> facts = new HashMap<>();
        facts.put("sizes", new double[] {of.pixelDepth, of.pixelHeight, of.pixelWidth});
        facts.put("units", new String[] {of.getZUnit(), of.getYUnit(), of.getXUnit()});
        facts.put("signed", signed);
        facts.put("table", of.calibrated() && !signed ? of.getCTable() : null);
        return facts;
    }

    private static Map<String, Object> roi(Roi selection) {
        Map<String, Object> facts = new HashMap<>();
        if (selection instanceof PointRoi) {
            facts.put("points", points((PointRoi) selection));
        } else if (selection != null && selection.isArea()) {
            Rectangle box = selection.getBounds();
            ImageProcessor mask = selection.getMask();
            facts.put("bounds", new int[] {box.x, box.y, box.width, box.height});
            facts.put("mask", mask == null ? null
                    : Base64.getEncoder().encodeToString((byte[]) mask.getPixels()));
        }
        return facts.isEmpty() ? null : facts;
    }

    private static List<double[]> points(PointRoi selection) {
        FloatPolygon at = selection.getContainedFloatPoints();
        List<double[]> points = new ArrayList<>();
        for (int i = 0; i < at.npoints; i++)
            points.add(new double[] {at.xpoints[i], at.ypoints[i], selection.getPointPosition(i)});
        return points;
    }

    /** Copy channels of one frame into room that Python sees. */
    static Room send(Python python, ImagePlus imp, int[] channels, int frame) throws Fault {
        int slices = imp.getNSlices();
        long bytes = (long) imp.getBytesPerPixel() * imp.getWidth() * imp.getHeight() * slices
                * channels.length;
        if (bytes > Integer.MAX_VALUE)
            throw new Fault("BridgeError: " + imp.getTitle() + " has " + bytes / MIB + " MiB; 2047 "
                    + "is the limit for transfer to Python. Crop it, or use psfbridge on the command line.");
        Room room = python.room(DTYPES[imp.getType()], channels.length, slices, imp.getHeight(),
                imp.getWidth());
        try {
            copy(imp, channels, frame, room.buffer());
            return room;
        } catch (Fault | RuntimeException broken) {
            room.close();
            throw broken;
        }
    }

    private static void copy(ImagePlus imp, int[] channels, int frame, ByteBuffer into)
            throws Fault {
        int plane = imp.getBytesPerPixel() * imp.getWidth() * imp.getHeight();
        int at = 0;
        for (int channel : channels)
            for (int z = 1; z <= imp.getNSlices(); z++, at += plane) {
                into.position(at);
                put(into.slice().order(into.order()),
                        plane(imp, imp.getStackIndex(channel, z, frame)));
            }
    }

    private static void put(ByteBuffer into, Object pixels) {
        if (pixels instanceof byte[])
            into.put((byte[]) pixels);
        else if (pixels instanceof short[])
            into.asShortBuffer().put((short[]) pixels);
        else
            into.asFloatBuffer().put((float[]) pixels);
    }

    private static Object plane(ImagePlus imp, int index) throws Fault {
        ImageStack stack = imp.getStack();
        Object pixels = index <= stack.size() ? stack.getPixels(index) : null;
        if (pixels == null)
            throw new Fault("ImageError: " + imp.getTitle() + " was closed while its pixels were being "
                    + "read.");
        return pixels;
    }

    /** Return a picture as an image, not shown. */
    static ImagePlus receive(Map<String, Object> picture, Room room) {
        int[] shape = Records.wholes(picture, "shape");
        ImagePlus imp = new ImagePlus(Records.text(picture, "title"),
                stack(room.buffer().asFloatBuffer(), shape));
        imp.setDimensions(shape[0], shape[1], 1);
        calibrate(imp, Records.numbers(picture.get("voxel_um")));
        if (shape[0] > 1) {
            imp = new CompositeImage(imp, CompositeImage.COMPOSITE);
            imp.setOpenAsHyperStack(true);
        }
        List<Object> ranges = Records.list(picture, "ranges");
        for (int c = 0; c < shape[0]; c++) {
            double[] range = Records.numbers(ranges.get(c));
            if (shape[0] > 1)
                imp.setPositionWithoutUpdate(c + 1, 1, 1);
            imp.setDisplayRange(range[0], range[1]);
        }
        imp.setPosition(1, shape[1] / 2 + 1, 1);
        if (!Records.text(picture, "info").isEmpty())
            imp.setProperty("Info", Records.text(picture, "info"));
        return imp;
    }

    /** Python has channels first; ImageJ has them last. */
    private static ImageStack stack(FloatBuffer from, int[] shape) {
        int pixels = shape[2] * shape[3];
        ImageStack stack = new ImageStack(shape[3], shape[2]);
        for (int z = 0; z < shape[1]; z++)
            for (int c = 0; c < shape[0]; c++) {
                float[] plane = new float[pixels];
                from.position((c * shape[1] + z) * pixels);
                from.get(plane);
                stack.addSlice(null, plane);
            }
        return stack;
    }

    private static void calibrate(ImagePlus imp, double[] voxel) {
        Calibration of = new Calibration(imp);
        of.setUnit("\u00B5m");
        of.pixelDepth = voxel[0];
        of.pixelHeight = voxel[1];
        of.pixelWidth = voxel[2];
        imp.setCalibration(of);
    }
}
