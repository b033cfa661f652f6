package psfbridge.appose;

import ij.IJ;
import java.io.File;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apposed.appose.Appose;
import org.apposed.appose.Environment;
import org.apposed.appose.builder.UvBuilder;
import org.apposed.appose.util.Environments;
import psfbridge.Fault;
import psfbridge.Installer;

/**
 * A Python of psfbridge's version, by Appose and uv.
 *
 * <p>It comes from the package index, or from a wheel that lies in the folder PSF_Bridge beside the
 * jar: then from that wheel and whatever wheels lie beside it.
 */
public final class UvInstaller implements Installer {
    // One that is there will do; otherwise uv fetches one.
    private static final String PYTHON = ">=3.11,<3.14";
    private static final String DONE = "psfbridge-installed.txt";
    private static final int LINES = 3;
    private final File beside;
    private final String version;
    private final Deque<String> last = new ArrayDeque<>();

    public UvInstaller(File beside, String version) {
        this.beside = beside;
        this.version = version;
    }

    @Override
    public File folder() {
        return new File(Environments.apposeEnvsDir(), "psfbridge-" + version);
    }

    @Override
    public File present() {
        return new File(folder(), DONE).isFile() ? executable() : null;
    }

    @Override
    public File install() throws Fault {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(UvInstaller.class.getClassLoader());
        IJ.showStatus("PSF Bridge: installing Python...");
        try {
            build();
            new File(folder(), DONE).createNewFile();
            return executable();
        } catch (Exception failed) {
            throw failure(failed);
        } finally {
            thread.setContextClassLoader(before);
            IJ.showProgress(1.0);
        }
    }

    private Environment build() throws IOException {
        UvBuilder builder = Appose.uv().python(PYTHON).base(folder()).include(requirement());
        for (String link : links())
            builder.env("UV_FIND_LINKS", link);
        return builder.subscribeProgress(this::progress).subscribeOutput(this::said)
                .subscribeError(this::said).build();
    }

    /** The wheel beside the jar, or psfbridge of this plug-in's version. */
    private String requirement() {
        File[] wheels = wheels("psfbridge-");
        if (wheels.length > 0)
            return "psfbridge[fiji] @ " + wheels[wheels.length - 1].toURI();
        return version.isEmpty() ? "psfbridge[fiji]" : "psfbridge[fiji]==" + version;
    }

    private String[] links() {
        return wheels("").length > 1 ? new String[] {beside.getPath()} : new String[0];
    }

    private File[] wheels(String start) {
        File[] found = beside.listFiles((in, name) -> name.startsWith(start) && name.endsWith(".whl"));
        return found == null ? new File[0] : found;
    }

    private File executable() {
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        return new File(folder(), windows ? "Scripts/python.exe" : "bin/python");
    }

    private void progress(String title, long current, long maximum) {
        IJ.showStatus("PSF Bridge: " + title + "...");
        IJ.showProgress(current / (double) Math.max(maximum, 1));
    }

    private synchronized void said(String text) {
        for (String line : text.split("\\R"))
            if (!line.trim().isEmpty()) {
                last.addLast(line.trim());
                if (last.size() > LINES)
                    last.removeFirst();
                IJ.showStatus("PSF Bridge: installing Python: " + line.trim());
            }
    }

    private synchronized Fault failure(Exception failed) {
        String why = last.isEmpty() ? failed.toString() : String.join(" ", last);
        return new Fault("BridgeError: Python could not be installed in " + folder() + ": " + why
                + ". A network connection is needed once. Without one, run pip install 'psfbridge[fiji]' "
                + "in another Python, then psfbridge install-fiji with that Python.");
    }
}
