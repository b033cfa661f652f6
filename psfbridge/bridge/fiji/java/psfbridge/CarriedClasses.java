package psfbridge;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.security.ProtectionDomain;
import java.util.Enumeration;

/**
 * Loads the Appose that this jar carries, with all that it needs, whatever lies in Fiji's jars.
 *
 * <p>The classes lie in the folder "carried" of the jar and are named .classdata, so that no other
 * class loader finds them. What is not there comes from the parent.
 */
final class CarriedClasses extends ClassLoader {
    private static final String FOLDER = "carried/";
    private static final String[] NEVER = {"java.", "javax.", "sun.", "jdk.", "ij."};
    private final ProtectionDomain domain = CarriedClasses.class.getProtectionDomain();

    static {
        registerAsParallelCapable();
    }

    CarriedClasses() {
        super(CarriedClasses.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> found = findLoadedClass(name);
            if (found == null)
                found = carried(name);
            return found == null ? super.loadClass(name, resolve) : found;
        }
    }

    private Class<?> carried(String name) throws ClassNotFoundException {
        for (String prefix : NEVER)
            if (name.startsWith(prefix))
                return null;
        String path = FOLDER + name.replace('.', '/') + ".classdata";
        try (InputStream in = getParent().getResourceAsStream(path)) {
            if (in == null)
                return null;
            byte[] code = bytes(in);
            return defineClass(name, code, 0, code.length, domain);
        } catch (IOException broken) {
            throw new ClassNotFoundException(name, broken);
        }
    }

    private static byte[] bytes(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] part = new byte[1 << 14];
        for (int read = in.read(part); read >= 0; read = in.read(part))
            all.write(part, 0, read);
        return all.toByteArray();
    }

    @Override
    public URL getResource(String name) {
        URL own = getParent().getResource(FOLDER + name);
        return own == null ? getParent().getResource(name) : own;
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
        Enumeration<URL> own = getParent().getResources(FOLDER + name);
        return own.hasMoreElements() ? own : getParent().getResources(name);
    }
}
