#!/usr/bin/env python3
"""How much a few lines of one hand help: a base before and after it has learnt 1, 4, 16, 64 and 250
lines of that hand, three draws each ($DRAWS), on lines kept apart.

usage: bench/few_lines.py LESART BASE TRAIN VALIDATION [N,N,…] [OPTION OF lesart train]…
  BASE               a recogniser
  TRAIN, VALIDATION  folders of pages X.webp with PAGE XML X.xml"""

import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

DRAWS = int(os.environ.get("DRAWS", "3"))


def lines_of(folder):
    """(file, number) of each line with text and a baseline."""
    found = []
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".xml"):
            continue
        root = ET.parse(os.path.join(folder, name)).getroot()
        for i, line in enumerate(root.iter(tag(root, "TextLine"))):
            text = line.find(f"{tag(root, 'TextEquiv')}/{tag(root, 'Unicode')}")
            baseline = line.find(tag(root, "Baseline"))
            if text is not None and (text.text or "").strip() and baseline is not None:
                found.append((name, i))
    return found


def tag(root, name):
    return root.tag[:root.tag.index("}") + 1] + name


def draw(folder, lines, out):
    """A folder with these lines only."""
    os.mkdir(out)
    for name in sorted({name for name, _ in lines}):
        keep = {i for other, i in lines if other == name}
        tree = ET.parse(os.path.join(folder, name))
        root = tree.getroot()
        number = 0
        for region in root.iter(tag(root, "TextRegion")):
            for line in list(region.findall(tag(root, "TextLine"))):
                if number not in keep:
                    region.remove(line)
                number += 1
        tree.write(os.path.join(out, name), encoding="utf-8", xml_declaration=True)
        image = name[:-len(".xml")] + ".webp"
        shutil.copy(os.path.join(folder, image), out)


def cer(lesart, model, validation):
    done = subprocess.run([lesart, "eval", "--engine", "neural", "--model", model, validation],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    return float(re.search(r"CER ([0-9.]+) %", (done.stdout + done.stderr).decode()).group(1))


def main():
    lesart, base, train, validation, *rest = sys.argv[1:]
    counts = [1, 4, 16, 64, 250]
    if rest and re.fullmatch(r"[0-9,]+", rest[0]):
        counts = [int(n) for n in rest.pop(0).split(",")]
    lines = lines_of(train)
    before = cer(lesart, base, validation)
    print(f"base: CER {before:.2f} %", flush=True)
    for n in counts:
        rates, seconds = [], []
        for seed in range(DRAWS):
            with tempfile.TemporaryDirectory() as work:
                some = random.Random(1000 * n + seed).sample(lines, min(n, len(lines)))
                draw(train, some, os.path.join(work, "lines"))
                out = os.path.join(work, "hand")
                since = time.monotonic()
                subprocess.run([lesart, "train", "--base", base, "-o", out, "--cache", work,
                                *rest, os.path.join(work, "lines")],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
                seconds.append(time.monotonic() - since)
                rates.append(cer(lesart, out + ".safetensors", validation))
        mean = statistics.mean(rates)
        spread = statistics.stdev(rates) if len(rates) > 1 else 0
        print(f"{n} lines: CER {mean:.2f} ± {spread:.2f} % "
              f"({100 * (mean / before - 1):+.0f} %), {statistics.mean(seconds):.0f} s", flush=True)


if __name__ == "__main__":
    main()
