package psfbridge;

import ij.ImagePlus;
import ij.WindowManager;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a command is called with: its options, its image, and the PSF that the options name. */
final class Gathering {
    private final Python python;
    private final List<Room> rooms;

    /**
     * @param rooms where the shared memory goes that is made here
     */
    Gathering(Python python, List<Room> rooms) {
        this.python = python;
        this.rooms = rooms;
    }

    Map<String, Object> call(String command, String options, ImagePlus imp, boolean free)
            throws Fault {
        Map<String, Object> facts = Pixels.facts(imp, free);
        Map<String, Object> needs =
                python.ask("needs", new Object[] {command, options, facts}, null);
        Map<String, Object> call = new HashMap<>();
        call.put("command", command);
        call.put("text", options);
        call.put("titles", Session.titles());
        int[] wanted = Records.wholes(needs, "channels");
        call.put("image", imp == null || wanted.length == 0 ? null
                : image(imp, facts, wanted, Records.whole(needs, "frame"), free));
        ImagePlus psf = named(Records.text(needs, "psf"));
        call.put("psf", psf == null ? null
                : image(psf, Pixels.facts(psf, true), channels(psf), psf.getT(), true));
        return call;
    }

    private static int[] channels(ImagePlus imp) {
        int[] all = new int[imp.getNChannels()];
        for (int i = 0; i < all.length; i++)
            all[i] = i + 1;
        return all;
    }

    private Map<String, Object> image(ImagePlus imp, Map<String, Object> facts, int[] channels,
            int frame, boolean free) throws Fault {
        Map<String, Object> image = new HashMap<>();
        image.put("facts", facts);
        image.put("channels", channels);
        image.put("planes", null);
        if (free) {
            Room room = Pixels.send(python, imp, channels, frame);
            rooms.add(room);
            image.put("planes", room.sent());
        }
        return image;
    }

    /** The open image of this title that was opened last. */
    private static ImagePlus named(String title) {
        int[] ids = WindowManager.getIDList();
        for (int i = ids == null ? -1 : ids.length - 1; i >= 0 && !title.isEmpty(); i--) {
            ImagePlus imp = WindowManager.getImage(ids[i]);
            if (imp != null && imp.getTitle().equals(title) && Pixels.canSend(imp))
                return imp;
        }
        return null;
    }
}
