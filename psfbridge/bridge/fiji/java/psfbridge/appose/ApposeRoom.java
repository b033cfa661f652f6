package psfbridge.appose;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apposed.appose.NDArray;
import org.apposed.appose.SharedMemory;
import psfbridge.Room;

/** Shared memory whose name tells the process that made it, so that a later one can sweep it. */
final class ApposeRoom implements Room {
    static final String PREFIX = "psfb_";
    static final String PROCESS = ManagementFactory.getRuntimeMXBean().getName().split("@")[0];
    private static final AtomicInteger COUNT = new AtomicInteger();
    private final NDArray array;
    private final Set<Room> open;

    /** Make it, and keep it among the open ones until it is closed. */
    ApposeRoom(Set<Room> open, String dtype, int... shape) {
        this.open = open;
        NDArray.DType type = NDArray.DType.fromLabel(dtype);
        NDArray.Shape axes = new NDArray.Shape(NDArray.Shape.Order.C_ORDER, shape);
        String name = PREFIX + PROCESS + "_" + COUNT.incrementAndGet();
        long bytes = axes.numElements() * type.bytesPerElement();
        array = new NDArray(type, axes, SharedMemory.create(name, bytes));
        open.add(this);
    }

    @Override
    public ByteBuffer buffer() {
        return array.buffer().order(ByteOrder.nativeOrder());
    }

    @Override
    public Object sent() {
        return array;
    }

    @Override
    public void close() {
        if (open.remove(this))
            array.close();
    }
}
