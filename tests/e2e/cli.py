"""The command line, end to end."""

import hashlib
import json
import os
import re
import signal
import struct
import subprocess
import time

import kit
from kit import LETTER, LETTER_PDF, LETTER_XML


class Basics(kit.Test):
    def test_help_and_version(self):
        for arguments in (["help"], ["--help"], ["version"], ["--version"]):
            out, err = self.run_lesart(*arguments)
            self.assertIn("lesart", out)
            self.assertEqual(err, "")

    def test_every_command_has_help(self):
        commands = re.findall(r"^  (\w+) ", self.run_lesart("help")[0], re.M)
        self.assertIn("doctor", commands)
        for command in commands:
            out, _ = self.run_lesart(command, "--help")
            self.assertIn("lesart", out, command)

    def test_what_is_not_there_is_an_error(self):
        self.assertIn('"frobnicate"', self.run_lesart("frobnicate", rc=2)[1])
        self.assertIn("--frobnicate", self.run_lesart("read", "--frobnicate", LETTER, rc=2)[1])
        self.run_lesart("read", rc=2)
        self.run_lesart("serve", "surplus", rc=2)
        self.run_lesart("doctor", "surplus", rc=2)


class Doctor(kit.Test):
    def test_it_tells_and_strict_judges(self):
        out, _ = self.run_lesart("doctor", "--json")
        kit.hold_json(out, "doctor.schema.json")
        report = json.loads(out)
        checks = {check["name"]: check for check in report["checks"]}
        self.assertEqual(checks["tessdata"]["state"], "holds")
        for worker in ("lesart-decode", "lesart-tesseract"):
            self.assertEqual(checks[worker]["state"], "missing" if kit.WEAK else "holds")
        weak = [name for name, check in checks.items() if check["state"] != "holds"]
        self.assertEqual(report["holds"], not weak)
        _, err = self.run_lesart("doctor", "--strict", rc=1 if weak else 0)
        for name in weak:
            self.assertIn(name, err)
            self.assertTrue(checks[name]["mend"])

    def test_missing_models_and_folders(self):
        os.mkdir(self.path("none"))
        out, err = self.run_lesart("doctor", "--strict", "--tessdata", "none", "--state", "gone",
                                   rc=1)
        self.assertRegex(out, r"missing +tessdata +there is no model of any language in none")
        self.assertRegex(out, r"weak +state +gone: No such file")
        self.assertIn("mend: mkdir -p gone", out)
        self.assertIn("tessdata", err)

    def test_it_takes_the_servers_environment(self):
        out, _ = self.run_lesart("doctor", env={"LESART_STATE": "nowhere"})
        self.assertIn("nowhere", out)


class Read(kit.Test):
    def test_a_letter_to_standard_output(self):
        out, err = self.run_lesart("read", LETTER)
        self.assertIn("Liebe Martha,\n", out)
        self.assertEqual(err, "")

    def test_standard_input(self):
        data = kit.read_bytes(LETTER)
        out, _ = self.run_lesart("read", "-", stdin=data)
        self.assertIn("Liebe Martha,", out)
        self.run_lesart("read", "-o", "out", "-", stdin=data)
        self.assertEqual(os.listdir(self.path("out")), ["stdin.txt"])
        self.run_lesart("read", "-", stdin=b"", rc=10)

    def test_json_is_as_documented(self):
        out, _ = self.run_lesart("read", "-f", "json", LETTER_PDF)
        kit.hold_json(out, "result.schema.json")
        result = json.loads(out)
        self.assertEqual([page["number"] for page in result["pages"]], [1, 2])
        self.assertEqual(result["file"], "letter.pdf")
        self.assertEqual(result["totals"]["pages"], 2)
        line = result["pages"][0]["lines"][1]
        self.assertEqual(line["text"], "Liebe Martha,")
        self.assertEqual(line["order"], 2)
        self.assertGreater(line["confidence"], 0.5)
        self.assertEqual([word["text"] for word in line["words"]], ["Liebe", "Martha,"])

    def test_txt_parts_pages_with_form_feeds(self):
        out, _ = self.run_lesart("read", LETTER_PDF)
        pages = out.split("\f")
        self.assertEqual(len(pages), 2)
        self.assertIn("Liebe Martha,", pages[0])

    def test_files_are_named_after_the_document(self):
        for name, ending in (("txt", "txt"), ("json", "json"), ("page", "xml"), ("alto", "xml"),
                             ("hocr", "hocr")):
            self.run_lesart("read", "-f", name, "-o", name, LETTER, LETTER_PDF, rc=2)
            self.assertFalse(os.path.exists(self.path(name)))
            self.run_lesart("read", "-f", name, "-o", name, LETTER)
            self.assertEqual(os.listdir(self.path(name)), [f"letter.{ending}"])
            os.remove(self.path(name, f"letter.{ending}"))
            self.run_lesart("read", "-f", name, "-o", name, LETTER_PDF)
            paged = [f"letter-000{n}.{ending}" for n in (1, 2)]
            self.assertEqual(sorted(os.listdir(self.path(name))),
                             [f"letter.{ending}"] if name in ("txt", "json") else paged)

    def test_page_to_standard_output_holds_one_page(self):
        self.assertIn("one page", self.run_lesart("read", "-f", "page", LETTER_PDF, rc=2)[1])
        out, _ = self.run_lesart("read", "-f", "page", "--pages", "2", LETTER_PDF)
        self.assertEqual(out.count("<Page "), 1)
        out, _ = self.run_lesart("read", "-f", "alto", LETTER_PDF)
        self.assertEqual(out.count("<Page "), 2)

    def test_images_and_overlays(self):
        self.run_lesart("read", "-f", "page", "-o", "out", "--images", "images", "--overlay",
                        "overlay", LETTER_PDF)
        names = ["letter-0001.png", "letter-0002.png"]
        self.assertEqual(sorted(os.listdir(self.path("images"))), names)
        self.assertEqual(sorted(os.listdir(self.path("overlay"))), names)
        with open(self.path("out", "letter-0002.xml"), encoding="utf-8") as file:
            page = file.read()
        size = re.search(r'imageFilename="(.*?)" imageWidth="(\d+)" imageHeight="(\d+)"', page)
        self.assertEqual(size[1], names[1])
        png = kit.read_bytes(self.path("images", names[1]))
        self.assertEqual(struct.unpack(">II", png[16:24]), (int(size[2]), int(size[3])))
        self.assertNotEqual(png, kit.read_bytes(self.path("overlay", names[1])))

    def test_page_ranges(self):
        document = self.write("five.pdf", kit.letter_pdf(5))
        out, _ = self.run_lesart("read", "-f", "json", "--pages", "2-3,5", document)
        self.assertEqual([page["number"] for page in json.loads(out)["pages"]], [2, 3, 5])
        for wrong in ("0", "3-2", "a", "1,,2", "9"):
            self.run_lesart("read", "--pages", wrong, document, rc=2)

    def test_layout(self):
        out, _ = self.run_lesart("read", "-f", "json", "--layout", LETTER_XML, LETTER)
        with open(LETTER_XML, encoding="utf-8") as file:
            given = re.findall(r'<TextLine id="(.*?)"', file.read())
        lines = json.loads(out)["pages"][0]["lines"]
        self.assertEqual([line["id"] for line in lines], given)
        self.assertEqual(lines[1]["text"], "Liebe Martha,")
        self.run_lesart("read", "--layout", LETTER_XML, LETTER, LETTER_PDF, rc=2)
        self.run_lesart("read", "--layout", LETTER_XML, "--lines", LETTER, rc=2)
        self.run_lesart("read", "--layout", "gone.xml", LETTER, rc=19)
        self.run_lesart("read", "--layout", LETTER, LETTER, rc=10)

    def test_lines(self):
        self.run_lesart("read", "--images", "images", "-o", "out", "-f", "json", LETTER)
        with open(self.path("out", "letter.json"), encoding="utf-8") as file:
            box = json.load(file)["pages"][0]["lines"][1]["box"]
        width, n, rows = kit.png_rows(kit.read_bytes(self.path("images", "letter.png")))
        cut = [row[(box[0] - 8) * n:(box[2] + 8) * n] for row in rows[box[1] - 8:box[3] + 8]]
        line = self.write("line.png", kit.png_of(len(cut[0]) // n, n, cut))
        out, _ = self.run_lesart("read", "--lines", line)
        self.assertEqual(out, "Liebe Martha,\n")

    def test_illegible_words(self):
        out, _ = self.run_lesart("read", "--illegible-below", "1", "--illegible-text", "[?]",
                                 LETTER)
        self.assertEqual(set(out.split()), {"[?]"})
        out, _ = self.run_lesart("read", "--illegible-below", "0", LETTER)
        self.assertNotIn("[unleserlich]", out)
        out, _ = self.run_lesart("read", "-f", "json", "--illegible-below", "1", LETTER)
        result = json.loads(out)
        self.assertEqual(result["totals"]["illegible"], result["totals"]["words"])
        self.assertEqual(result["pages"][0]["lines"][1]["text"], "Liebe Martha,")
        self.run_lesart("read", "--illegible-below", "2", LETTER, rc=2)

    def test_languages_and_models(self):
        out, _ = self.run_lesart("read", "-f", "json", "--language", "deu+eng", LETTER)
        models = json.loads(out)["models"]
        self.assertEqual([model["name"] for model in models], ["deu", "eng"])
        for folder in ("/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata"):
            if os.path.exists(folder + "/deu.traineddata"):
                digest = hashlib.sha256(kit.read_bytes(folder + "/deu.traineddata")).hexdigest()
                self.assertEqual(models[0]["sha256"], digest)
        self.assertIn("xyz", self.run_lesart("read", "--language", "xyz", LETTER, rc=19)[1])
        self.run_lesart("read", "--language", "../deu", LETTER, rc=2)
        os.mkdir(self.path("empty"))
        self.run_lesart("read", "--tessdata", "empty", LETTER, rc=19)
        self.run_lesart("read", "--script", "runes", LETTER, rc=2)
        self.run_lesart("read", "--engine", "magic", LETTER, rc=2)

    def test_the_same_input_gives_the_same_text(self):
        one, _ = self.run_lesart("read", "--threads", "1", LETTER_PDF)
        two, _ = self.run_lesart("read", "--threads", "2", LETTER_PDF)
        self.assertEqual(one, two)


class Terminal(kit.Test):
    def test_progress_is_for_terminals(self):
        """On a terminal a line on standard error tells how far it is; results stay clean."""
        document = self.write("three.pdf", kit.letter_pdf(3))
        try:
            master, slave = os.openpty()
        except OSError as error:  # where an image is built there may be none
            self.skipTest(f"no terminals: {error}")
        process = subprocess.Popen([kit.LESART, "read", *kit.WEAK, document], cwd=self.dir,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave,
                                   env=self.environment())
        os.close(slave)
        out, _ = process.communicate(timeout=kit.PATIENCE_S)
        shown = os.read(master, 65536).decode()
        os.close(master)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(out.decode().count("Liebe Martha,"), 3)
        self.assertNotIn("pages", out.decode())
        self.assertIn("three.pdf [######", shown)
        self.assertIn("2 of 3 pages", shown)
        self.assertIn(" s left", shown)
        self.assertTrue(shown.endswith("\r\033[K"), "the line is wiped at the end")


class Failures(kit.Test):
    def test_exit_codes(self):
        self.assertIn("(NOTFOUND)", self.run_lesart("read", "gone.jpg", rc=19)[1])
        self.assertIn("(FORMAT)", self.run_lesart("read", self.write("a", b""), rc=10)[1])
        self.assertIn("(FORMAT)",
                      self.run_lesart("read", self.write("b", b"no picture\n" * 99), rc=10)[1])
        self.run_lesart("read", self.dir, rc=2)
        self.run_lesart("read", "-f", "docx", LETTER, rc=2)
        self.run_lesart("read", "-o", "/proc/nowhere", LETTER, rc=16)

    def test_one_bad_file_does_not_stop_the_others(self):
        bad = self.write("bad.pdf", b"%PDF-1.4\nnothing")
        out, err = self.run_lesart("read", bad, LETTER, rc=1)
        self.assertIn("Liebe Martha,", out)
        self.assertIn("bad.pdf", err)

    def test_a_bad_page_does_not_stop_the_others(self):
        document = self.write("three.pdf", kit.letter_pdf(3, broken=[2]))
        out, err = self.run_lesart("read", "-f", "json", document, rc=1)
        kit.hold_json(out, "result.schema.json")
        pages = json.loads(out)["pages"]
        self.assertEqual(["error" in page for page in pages], [False, True, False])
        self.assertIn("page 2", err)

    def test_a_password(self):
        document = self.write("secret.pdf", encrypted_pdf(b"Husum"))
        self.assertIn("(ENCRYPTED)", self.run_lesart("read", document, rc=12)[1])
        self.run_lesart("read", "--password", "Kiel", document, rc=12)
        self.run_lesart("read", "--password", "Husum", document)

    def test_a_killed_decoder_costs_a_page_at_most(self):
        self.kill_in_the_middle("lesart-decode")

    def test_a_killed_recogniser_costs_a_page_at_most(self):
        self.kill_in_the_middle("lesart-tesseract")

    def kill_in_the_middle(self, name):
        process = self.start_long(6)
        worker = kit.wait_for(name, lambda: [
            pid for pid, its in kit.children(process.pid).items() if its == name[:15]])
        kit.wait_for("a first page", lambda: os.path.getsize(self.path("out", "long.json.part"))
                     > 2000)
        for pid in worker:
            os.kill(pid, signal.SIGKILL)
        _, err = process.communicate(timeout=kit.PATIENCE_S)
        self.assertIn(process.returncode, (0, 1), err)
        with open(self.path("out", "long.json"), encoding="utf-8") as file:
            result = json.load(file)
        failed = [page["number"] for page in result["pages"] if "error" in page]
        self.assertEqual(len(result["pages"]), 6)
        self.assertLessEqual(len(failed), len(worker))
        self.assertEqual(process.returncode, 1 if failed else 0)
        for number in failed:
            self.assertIn(f"page {number}", err.decode())

    def start_long(self, pages):
        document = self.write("long.pdf", kit.letter_pdf(pages))
        os.mkdir(self.path("out"))
        process = subprocess.Popen(
            [kit.LESART, "read", *kit.WEAK, "-f", "json", "-o", "out", document],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir,
            env=self.environment())
        kit.wait_for("the result begins",
                     lambda: os.path.exists(self.path("out", "long.json.part")))
        return process

    def test_an_interrupt_leaves_nothing_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.start_long(30)
            time.sleep(0.2)
            process.send_signal(number)
            _, err = process.communicate(timeout=kit.PATIENCE_S)
            self.assertEqual(process.returncode, 130, err)
            self.assertEqual(os.listdir(self.path("out")), [])
            os.rmdir(self.path("out"))


def rc4(key, data):
    s = list(range(256))
    j = 0
    for i in range(256):
        j = j + s[i] + key[i % len(key)] & 255
        s[i], s[j] = s[j], s[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = i + 1 & 255
        j = j + s[i] & 255
        s[i], s[j] = s[j], s[i]
        out.append(byte ^ s[s[i] + s[j] & 255])
    return bytes(out)


PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


def encrypted_pdf(password):
    """An empty page behind a password: ISO 32000-1, 7.6.3, revision 2."""
    padded = (password + PADDING)[:32]
    owner = rc4(hashlib.md5(padded).digest()[:5], padded)
    ident = b"0123456789abcdef"
    key = hashlib.md5(padded + owner + struct.pack("<i", -4) + ident).digest()[:5]
    user = rc4(key, PADDING)
    trailer = (f"/ID[<{ident.hex()}><{ident.hex()}>]/Encrypt<</Filter/Standard/V 1/R 2/P -4"
               f"/O<{owner.hex()}>/U<{user.hex()}>>>")
    return kit.pdf_with([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
                         b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"], trailer)


if __name__ == "__main__":
    kit.main()
