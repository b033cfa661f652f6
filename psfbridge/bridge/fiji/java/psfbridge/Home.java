package psfbridge;

import ij.IJ;
import ij.gui.YesNoCancelDialog;
import java.awt.GraphicsEnvironment;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;

/** Which Python does the work, and where this plug-in lies. */
final class Home {
    private static final String FOLDER = "PSF_Bridge";
    private static final String SETTING = "psfbridge.python";
    private static final String VARIABLE = "PSFBRIDGE_PYTHON";
    private static final ClassLoader CARRIED = new CarriedClasses();

    private Home() {}

    /** The version of psfbridge that this jar was built with; "" if it was built by hand. */
    static String version() {
        String version = Home.class.getPackage().getImplementationVersion();
        return version == null ? "" : version;
    }

    /** The Python that is named, or the one that this plug-in installs. */
    static Python python(boolean mayAsk) throws Fault {
        File named = named();
        File python = named != null ? named : installed(mayAsk);
        return make("psfbridge.appose.ApposePython", Python.class, python, version());
    }

    private static File named() throws Fault {
        String text = System.getProperty(SETTING, System.getenv(VARIABLE));
        File file = new File(folder(), "python.txt");
        if (text == null && file.isFile())
            text = read(file);
        return text == null || text.trim().isEmpty() ? null : new File(text.trim());
    }

    private static File installed(boolean mayAsk) throws Fault {
        Installer installer = make("psfbridge.appose.UvInstaller", Installer.class, folder(), version());
        File python = installer.present();
        if (python == null && mayAsk && !agreed(installer))
            throw new Fault("Cancelled: PSF Bridge needs Python.", true);
        return python != null ? python : installer.install();
    }

    private static boolean agreed(Installer installer) {
        if (GraphicsEnvironment.isHeadless() || IJ.getInstance() == null)
            return true;
        return new YesNoCancelDialog(IJ.getInstance(), "PSF Bridge", "PSF Bridge runs in Python, "
                + "which is not installed yet.\nInstall it now? This needs a network connection, 1 GB of disk space "
                + "and a few minutes.\nIt will be installed in " + installer.folder()
                + "\nand does not affect any other Python.").yesPressed();
    }

    /** The folder beside this jar that holds what is of this installation. */
    private static File folder() throws Fault {
        try {
            File jar = new File(
                    Home.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            return new File(jar.getParentFile(), FOLDER);
        } catch (URISyntaxException odd) {
            throw new Fault("BridgeError: the location of the plug-in is unknown: " + odd.getMessage());
        }
    }

    private static String read(File file) throws Fault {
        try {
            return new String(Files.readAllBytes(file.toPath()), StandardCharsets.UTF_8);
        } catch (IOException broken) {
            throw new Fault("BridgeError: cannot read " + file + ": " + broken.getMessage());
        }
    }

    /** Make an object of a class that is loaded with the Appose of this jar. */
    private static <T> T make(String name, Class<T> kind, File file, String version) throws Fault {
        try {
            Object made = Class.forName(name, true, CARRIED)
                    .getConstructor(File.class, String.class).newInstance(file, version);
            return kind.cast(made);
        } catch (InvocationTargetException failed) {
            throw new Fault("BridgeError: cannot start: " + failed.getCause());
        } catch (ReflectiveOperationException | LinkageError broken) {
            throw new Fault("BridgeError: PSF_Bridge.jar is incomplete: " + broken);
        }
    }
}
