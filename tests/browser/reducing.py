"""PNG files with few colours, a third of the size of what a browser takes of itself."""

from __future__ import annotations

import base64
import struct
import zlib

from tests.browser.watching import Page

__all__ = ["reduced"]

_COUNTED = """async (text) => {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
  const drawn = new OffscreenCanvas(image.width, image.height).getContext("2d");
  drawn.drawImage(image, 0, 0);
  const pixels = drawn.getImageData(0, 0, image.width, image.height).data;
  for (let bits = 5; ; bits -= 1) {
    const places = new Map();
    const at = new Uint8Array(image.width * image.height);
    const lost = 8 - bits, most = (1 << bits) - 1;
    for (let i = 0; i < at.length && places.size <= 256; i += 1) {
      const colour = [0, 1, 2].map((one) => Math.round((pixels[4 * i + one] >> lost) * 255 / most));
      const key = colour.join();
      if (!places.has(key)) places.set(key, places.size);
      at[i] = places.get(key);
    }
    if (places.size > 256) continue;
    let text = "";
    for (let i = 0; i < at.length; i += 32768) text += String.fromCharCode(...at.subarray(i, i + 32768));
    return [image.width, image.height, [...places.keys()].map((one) => one.split(",").map(Number)), btoa(text)];
  }
}"""


def reduced(page: Page, png: bytes) -> bytes:
    """The picture with at most 256 colours.

    Args:
        page: A page of its own, whose browser decodes the picture.
        png: What a browser took.
    """
    width, height, colours, text = page.evaluate(_COUNTED, base64.b64encode(png).decode())
    at = base64.b64decode(text)
    lines = b"".join(b"\0" + at[start : start + width] for start in range(0, len(at), width))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", b"".join(bytes(colour) for colour in colours)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )
