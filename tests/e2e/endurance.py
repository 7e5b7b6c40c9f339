"""500 pages through one server: its memory, and its reader's, after the last is what it was after
the tenth. Minutes, so a benchmark and not a test: meson test --benchmark endurance"""

import subprocess

import kit
from neural import LATIN, READER, WRITE_NET

FINDER = "[1,300,0,1 Cl3,61,3 O2l3]"
PAGES, DOCUMENTS = 10, 50
NOISE_KB = 8192  # and 5 %


def rss_kb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


class Endurance(kit.Test):
    def test_500_pages(self):
        for name, arguments in (("reader", [READER, "3", LATIN]),
                                ("finder", [FINDER, "lines", "0.2"])):
            path = self.path(name + ".safetensors")
            subprocess.run([WRITE_NET, path, *arguments], check=True)
            self.run_lesart("model", "import", *kit.WEAK, "--state", "state", path)
        server = kit.Server(self, "--state", "state", "--threads", "1")
        document = kit.letter_pdf(PAGES)
        seen = []
        for _ in range(DOCUMENTS - 1):  # after one more the reader would be another process
            status, _, body = server.post("/ocr?model=reader&segmenter=finder", document)
            self.assertEqual(status, 200, body[:500])
            reader, = server.workers("lesart-read")
            seen.append((reader, rss_kb(server.process.pid), rss_kb(reader)))
        status, _, body = server.post("/ocr?model=reader&segmenter=finder", document)
        self.assertEqual(status, 200, body[:500])
        for at in (0, 1, 9, 24, DOCUMENTS - 2):
            print(f"after page {PAGES * (at + 1)}: lesart {seen[at][1] / 1024:.1f} MB, "
                  f"lesart-read {seen[at][2] / 1024:.1f} MB", flush=True)
        self.assertEqual(len({reader for reader, _, _ in seen}), 1)
        for which in (1, 2):
            early, late = seen[0][which], seen[-1][which]
            self.assertLess(late, early * 1.05 + NOISE_KB)


if __name__ == "__main__":
    kit.main()
