package psfbridge;

import java.nio.ByteBuffer;

/** An array in memory that this process and Python share. */
public interface Room extends AutoCloseable {
    /** The bytes, in the machine's own order. */
    ByteBuffer buffer();

    /** The array as an argument of {@link Python#ask}. */
    Object sent();

    @Override
    void close();
}
