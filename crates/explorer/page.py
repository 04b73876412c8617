"""Puts the module, the scripts and the style into the one page: page.py MODULE.wasm PAGE.html."""

import base64
import pathlib
import sys
import zlib

WEB = pathlib.Path(__file__).parent / "web"
# In this order: each file knows those before it.
SCRIPTS = ["core.js", "scene.js", "draw.js", "lanes.js", "place.js", "lottery.js", "story.js", "share.js", "main.js"]


def page(module: bytes) -> str:
    # Deflated without a header, for DecompressionStream("deflate-raw").
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(squeeze.compress(module) + squeeze.flush()).decode()
    script = "\n".join((WEB / name).read_text() for name in SCRIPTS)
    text = (WEB / "index.html").read_text()
    parts = {"/*STYLE*/": (WEB / "style.css").read_text(), "/*MODULE*/": packed, "/*SCRIPT*/": script}
    for mark, part in parts.items():
        assert text.count(mark) == 1, mark
        assert "</script" not in part
        text = text.replace(mark, part)
    return text


if __name__ == "__main__":
    module, target = sys.argv[1:]
    text = page(pathlib.Path(module).read_bytes())
    pathlib.Path(target).write_text(text)
    print(f"{target}: {len(text.encode())} bytes")
