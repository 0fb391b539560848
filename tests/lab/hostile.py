"""Archives and images that mean harm, made by hand."""

import gzip
import io
import struct
import tarfile
import zipfile
import zlib

from PIL import Image

from .conftest import picture, tree, zipped

MILLION = 1_000_000


def million_entries():
    """A zip of some megabytes whose directory really has a million entries."""
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    one = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = one * MILLION
    start, size = len(local), len(directory)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, MILLION, MILLION, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + size, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return local + directory + end64 + locator + end


def million_files_of_a_tar():
    """A tar.gz of a few kilobytes that unpacks to one header after another."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("train/real/a")
        for _number in range(20_000):
            archive.addfile(info)
    return buffer.getvalue()


def linked_zip():
    """A zip in which an image is a link to a file of the server."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("train/real/1.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def device():
    """A tar with a device."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("train/real/1.png")
        info.type = tarfile.CHRTYPE
        archive.addfile(info)
    return buffer.getvalue()


def slipping_tar():
    """A tar whose names climb out of every folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in tree().items():
            info = tarfile.TarInfo(f"/../../../{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def cut_gzip():
    """A tar.gz that ends in its middle."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in tree().items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    whole = gzip.compress(buffer.getvalue())
    return whole[: len(whole) // 2]


def png_chunk(kind, body):
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png():
    """A small file that says it has 40,000 x 40,000 pixels, and has them: 4.8 GB of zeros."""
    header = struct.pack(">2I5B", 40_000, 40_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(120_001) * 20, 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", pixels)
        + png_chunk(b"IEND", b"")
    )


def huge_jpeg():
    """A JPEG whose frame says 65,000 x 65,000."""
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">2H", 65_000, 65_000)
    return bytes(data)


def text_bomb():
    """An honest PNG with a text that unpacks to 200 MB."""
    whole = picture("text bomb")
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200 * 2**20), 9))
    return whole[:33] + bomb + whole[33:]


def jpeg(exif=None, size=(32, 24)):
    """A JPEG of noise, light as a real one."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(picture("jpeg", light=True, size=size))) as image:
        image.save(buffer, "JPEG", **({"exif": exif} if exif is not None else {}))
    return buffer.getvalue()


def turned(orientation=6):
    """A JPEG that says in its EXIF that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(exif.tobytes())


def looping_exif():
    """A JPEG whose EXIF points to itself, again and again, and past its end."""
    entries = struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<HHII", 0x010F, 2, 0xFFFFFFF0, 0xFFFFFFF0)
    return jpeg(
        b"Exif\0\0" + b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 2) + entries + struct.pack("<I", 8)
    )


def page_in_exif():
    """A JPEG with a page in its EXIF."""
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    return jpeg(exif.tobytes())


def thumbnail_of_another():
    """A JPEG whose EXIF holds a whole other JPEG of other sizes."""
    return jpeg(b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + jpeg(size=(8, 8)))


def archive_with(more):
    """A whole data set with these files beside the honest ones."""
    return zipped(tree(more=more))
