"""A small LIF file: an XML tree of images, and their voxels behind it, as Leica lays them out."""

from __future__ import annotations

import struct

_XML = (
    '<LMSDataContainerHeader Version="2"><Element Name="f" UniqueID="f"><Data/>'
    "<Children>{images}</Children></Element></LMSDataContainerHeader>"
)
_IMAGE = (
    '<Element Name="{name}" UniqueID="{name}"><Data><Image><ImageDescription><Channels>'
    '<ChannelDescription DataType="0" ChannelTag="0" Resolution="16" BytesInc="0" '
    'NameOfMeasuredQuantity="" Min="0" Max="65535" Unit="" '
    'LUTName="Green" IsLUTInverted="0" BitInc="0"/>'
    "</Channels><Dimensions>{dimensions}</Dimensions></ImageDescription>"
    '<Attachment Name="HardwareSetting"><ATLConfocalSettingDefinition NumericalAperture="1.4" '
    'RefractionIndex="1.518"/></Attachment></Image></Data>'
    '<Memory Size="{size}" MemoryBlockID="{name}"/><Children/></Element>'
)
_DIMENSION = (
    '<DimensionDescription DimID="{dim}" NumberOfElements="{n}" Origin="0" Length="{length}" '
    'Unit="m" BytesInc="{step}" BitInc="0"/>'
)


def write_lif(path, stacks, voxel_um):
    """Write stacks (z, y, x) of uint16, by name, to one LIF file."""
    images = "".join(_image(name, stack, voxel_um) for name, stack in stacks.items())
    xml = _XML.format(images=images).encode("utf-16-le")
    parts = [struct.pack("<IIcI", 0x70, len(xml) + 5, b"*", len(xml) // 2), xml]
    for name, stack in stacks.items():
        data, label = stack.astype("<u2").tobytes(), name.encode("utf-16-le")
        head = struct.pack("<cQcI", b"*", len(data), b"*", len(name))
        parts += [struct.pack("<II", 0x70, len(head) + len(label)), head, label, data]
    path.write_bytes(b"".join(parts))
    return path


def _image(name, stack, voxel_um):
    steps = (stack[0].nbytes, stack[0, 0].nbytes, stack.itemsize)
    axes = zip((3, 2, 1), stack.shape, voxel_um, steps, strict=True)
    dimensions = "".join(
        _DIMENSION.format(dim=dim, n=n, length=(n - 1) * um * 1e-6, step=step)
        for dim, n, um, step in reversed(list(axes))
    )
    return _IMAGE.format(name=name, dimensions=dimensions, size=stack.nbytes)
