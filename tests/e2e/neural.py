"""The neural reader, end to end, with nets made here: small, random, the same every time. What they
read means nothing; that it comes out whole, in place and the same on every way is what is tested."""

import hashlib
import json
import os
import shutil
import subprocess

import kit
from kit import LETTER, LETTER_PDF, LETTER_XML, Server

WRITE_NET = os.path.join(kit.BUILD, "tests/nets/write-net")
READER = "[1,32,0,1 Cr3,3,8 Mp2,2 Cr3,3,8 Mp2,2 S1(1x0)1,3 Lbx8 O1c12]"
FINDER = "[1,800,0,1 Cl3,121,3 O2l3]"
LATIN = "abcdefgh in"
HEBREW = "אבגדהוזחטי "


class Neural(kit.Test):
    def setUp(self):
        super().setUp()
        self.net("reader", READER, "3", LATIN)
        self.net("finder", FINDER, "lines", "0.2")

    def net(self, name, *arguments):
        """A model file of that name."""
        path = self.path(name + ".safetensors")
        subprocess.run([WRITE_NET, path, *arguments], check=True)
        return path

    def model(self, command, *arguments, rc=0):
        weak = kit.WEAK if command in ("import", "verify") else []
        return self.run_lesart("model", command, *weak, "--models", "models", *arguments, rc=rc)

    def read(self, *arguments, rc=0):
        """The document read as JSON, which must be as documented; NULL times."""
        out, err = self.run_lesart("read", "--models", "models", "-f", "json", *arguments, rc=rc)
        if rc:
            return err
        kit.hold_json(out, "result.schema.json")
        document = json.loads(out)
        del document["created"], document["totals"]["seconds"]
        return document

    def lines(self, *arguments):
        return self.read(*arguments)["pages"][0]["lines"]


class Models(Neural):
    def test_in_and_out(self):
        out, _ = self.model("import", "--script", "kurrent", "reader.safetensors")
        self.assertIn("reader: recognition", out)
        self.assertRegex(out, r'reads "[a-h in]+" in the built-in line')
        out, _ = self.model("import", "finder.safetensors")
        self.assertIn("finder: segmentation", out)
        self.assertNotIn("self-test", out)
        names = [model["name"] for model in json.loads(self.model("list", "--json")[0])]
        self.assertEqual(names, ["finder", "reader"])
        shown = json.loads(self.model("show", "--json", "reader")[0])
        self.assertEqual(shown["name"], "reader")
        self.assertEqual(len(shown["alphabet"]), len(LATIN))
        out, _ = self.model("verify")
        self.assertRegex(out, r'reader: .* reads its line as then: "[a-h in]+"')
        self.assertIn("finder: as it was imported; it has no line to read", out)
        self.model("export", "reader", "out.safetensors")
        # as far as the numbers go the same; the spec has names of layers now
        self.model("import", "--name", "again", "out.safetensors")
        self.model("export", "again", "again.safetensors")
        self.assertEqual(kit.read_bytes(self.path("out.safetensors")),
                         kit.read_bytes(self.path("again.safetensors")))
        self.model("export", "reader", "out.mlmodel")
        self.model("import", "--name", "back", "out.mlmodel")
        self.assertEqual(self.lines("--model", "back", "--layout", LETTER_XML, LETTER),
                         self.lines("--model", "reader", "--layout", LETTER_XML, LETTER))

    def test_verify_finds_damage(self):
        self.model("import", "reader.safetensors")
        path = self.path("models", "reader", "weights.les")
        good = kit.read_bytes(path)
        with open(path, "wb") as file:
            file.write(good[:-1] + bytes([good[-1] ^ 1]))
        out, err = self.model("verify", rc=10)
        self.assertIn("weights.les is not what was imported", out)
        self.assertIn("1 of 1", err)
        with open(path, "wb") as file:
            file.write(good)
        self.model("verify")

    def test_verify_finds_another_text(self):
        """Files and sums agree, and yet the line reads differently: as a wrong build would."""
        self.model("import", "reader.safetensors")
        folder = self.path("models", "reader")
        test = os.path.join(folder, "selftest.json")
        before = kit.read_bytes(test)
        with open(test, "wb") as file:
            file.write(b'{"text":"something else"}\n')
        sums = os.path.join(folder, "SHA256SUMS")
        text = kit.read_bytes(sums).decode()
        text = text.replace(hashlib.sha256(before).hexdigest(),
                            hashlib.sha256(kit.read_bytes(test)).hexdigest())
        with open(sums, "w", encoding="utf-8") as file:
            file.write(text)
        out, _ = self.model("verify", "reader", rc=10)
        self.assertIn('read "something else" at import', out)

    def test_a_line_of_ones_own(self):
        out, _ = self.model("import", "--self-test", LETTER, "reader.safetensors")
        self.assertIn("in " + LETTER, out)
        self.assertEqual(kit.read_bytes(self.path("models", "reader", "selftest.input")),
                         kit.read_bytes(LETTER))
        self.model("verify")
        self.model("import", "--self-test", LETTER, "finder.safetensors", rc=2)
        self.model("import", "--self-test", "gone.png", "--name", "b", "reader.safetensors", rc=19)


class Read(Neural):
    def setUp(self):
        super().setUp()
        self.model("import", "--script", "kurrent", "reader.safetensors")

    def hold_places(self, page):
        """Characters lie on their page and make up their words, words their lines."""
        alternatives = 0
        for line in page["lines"]:
            self.assertEqual(" ".join(word["text"] for word in line["words"]),
                             " ".join(line["text"].split()))
            for word in line["words"]:
                self.assertEqual("".join(c["text"] for c in word["characters"]), word["text"])
                for character in word["characters"]:
                    left, top, right, bottom = character["box"]
                    self.assertTrue(0 <= left <= right <= page["width"], character)
                    self.assertTrue(0 <= top <= bottom <= page["height"], character)
                    for other in character.get("alternatives", []):
                        self.assertNotEqual(other["text"], character["text"])
                        self.assertLessEqual(other["confidence"], character["confidence"])
                        alternatives += 1
                lefts = [character["box"][0] for character in word["characters"]]
                if line["direction"] == "ltr":
                    self.assertEqual(lefts, sorted(lefts))
        self.assertGreater(alternatives, 10)

    def test_a_given_layout(self):
        document = self.read("--model", "reader", "--layout", LETTER_XML, LETTER)
        self.assertEqual(document["engine"], "neural")
        self.assertEqual([model["name"] for model in document["models"]], ["reader"])
        with open(LETTER_XML, encoding="utf-8") as file:
            given = file.read().count("<TextLine ")
        self.assertEqual(len(document["pages"][0]["lines"]), given)
        self.hold_places(document["pages"][0])

    def test_tesseracts_lines(self):
        page = self.read("--model", "reader", LETTER)["pages"][0]
        self.assertGreater(len(page["lines"]), 10)
        self.hold_places(page)

    def test_a_line_finders_lines(self):
        self.model("import", "finder.safetensors")
        document = self.read("--model", "reader", "--segmenter", "finder", LETTER)
        self.assertEqual([model["name"] for model in document["models"]], ["reader", "finder"])
        page = document["pages"][0]
        self.assertGreater(len(page["lines"]), 10)
        self.hold_places(page)
        for line in page["lines"]:
            self.assertGreaterEqual(len(line["baseline"]), 2)
            self.assertGreaterEqual(len(line["polygon"]), 3)
        # the only line finder there is needs no name
        self.assertEqual(document, self.read("--model", "reader", LETTER))

    def test_a_line(self):
        line, = self.lines("--model", "reader", "--lines", LETTER)
        self.assertTrue(line["text"].strip())

    def test_a_path_is_as_good_as_a_name(self):
        named = self.read("--model", "reader", "--layout", LETTER_XML, LETTER)
        by_path = self.read("--model", "reader.safetensors", "--layout", LETTER_XML, LETTER)
        self.assertEqual(named, by_path)
        self.assertEqual(named, self.read("--script", "kurrent", "--layout", LETTER_XML, LETTER))

    def test_threads_and_batches_change_nothing(self):
        """The size of a batch depends on the number of threads."""
        self.model("import", "finder.safetensors")
        for arguments in (["--segmenter", "finder", LETTER], ["--layout", LETTER_XML, LETTER]):
            one = self.read("--model", "reader", "--n-best", "2", "--threads", "1", *arguments)
            for threads in ("2", "3"):
                self.assertEqual(one, self.read("--model", "reader", "--n-best", "2", "--threads",
                                                threads, *arguments))

    def test_pages_of_a_document(self):
        document = self.read("--model", "reader", LETTER_PDF)
        self.assertEqual([page["number"] for page in document["pages"]], [1, 2])

    def test_bf16(self):
        document = self.read("--model", "reader", "--precision", "bf16", "--layout", LETTER_XML,
                             LETTER)
        self.assertEqual(document["precision"], "bf16")
        self.hold_places(document["pages"][0])

    def test_several_readings(self):
        plain = self.lines("--model", "reader", "--layout", LETTER_XML, LETTER)
        lines = self.lines("--model", "reader", "--n-best", "5", "--layout", LETTER_XML, LETTER)
        for line in lines:
            readings = line.pop("readings")
            self.assertTrue(1 <= len(readings) <= 5)
            confidences = [reading["confidence"] for reading in readings]
            self.assertEqual(confidences, sorted(confidences, reverse=True))
            self.assertLessEqual(sum(confidences), 1.00001)
            texts = [reading["text"] for reading in readings]
            self.assertEqual(len(set(texts)), len(texts))
        self.assertEqual(plain, lines)
        for wrong in (["--n-best", "0"], ["--n-best", "21"], ["--n-best", "2", "-f", "txt"],
                      ["--n-best", "2", "--engine", "tesseract"]):
            self.read(*wrong, LETTER, rc=2)

    def test_right_to_left(self):
        self.net("hebrew", READER, "3", HEBREW)
        lines = self.lines("--model", "hebrew.safetensors", "--n-best", "2", "--layout", LETTER_XML,
                           LETTER)
        left_to_right = self.lines("--model", "reader", "--layout", LETTER_XML, LETTER)
        self.assertEqual({line["direction"] for line in lines}, {"rtl"})
        mapped = str.maketrans(LATIN, HEBREW)
        for line, other in zip(lines, left_to_right):
            # the same net: on the page the same letters, in reading order the other way round
            self.assertEqual(line["text"][::-1], other["text"].translate(mapped))
            for word in line["words"]:
                lefts = [character["box"][0] for character in word["characters"]]
                self.assertEqual(lefts, sorted(lefts, reverse=True))

    def test_colour_and_other_heights(self):
        for name, spec in (("colour", READER.replace("0,1 Cr", "0,3 Cr", 1)),
                           ("tall", READER.replace("[1,32", "[1,64"))):
            self.net(name, spec, "3", LATIN)
            self.hold_places(self.read("--model", name + ".safetensors", "--layout", LETTER_XML,
                                       LETTER)["pages"][0])

    def test_a_page_too_wide_for_a_line_finder(self):
        """As many pixels as a page may have: an error, not a crash."""
        self.net("fine", FINDER.replace("800", "1800"), "lines", "0.2")
        wide = self.write("wide.png", kit.png_of(29000, 1, [b"\xe6" * 29000] * 2700))
        err = self.read("--model", "reader", "--segmenter", "fine.safetensors", wide, rc=13)
        self.assertIn("(LIMIT)", err)

    def test_nets_that_do_not_fit(self):
        self.net("rows", "[1,32,0,1 Cr3,3,8 O1c12]", "3", LATIN)
        err = self.read("--model", "rows.safetensors", "--layout", LETTER_XML, LETTER, rc=11)
        self.assertIn("O_1", err)

    def test_what_is_not_there_or_not_right(self):
        self.model("import", "finder.safetensors")
        for arguments, code, words in (
                (["--model", "nothing"], 19, '"nothing"'),
                (["--model", "./nothing.mlmodel"], 19, "nothing.mlmodel"),
                (["--model", "finder"], 2, "is a line finder, not a recogniser"),
                (["--model", "reader", "--segmenter", "reader"], 2, "not a line finder"),
                (["--model", "a b"], 2, "no model's name"),
                (["--model", LETTER], 10, "neither a .safetensors nor"),
                (["--model", "reader", "--engine", "tesseract"], 2, "neural engine"),
                (["--model", "reader", "--precision", "f16"], 2, "precision"),
                (["--script", "latin"], 19, '"latin"'),
        ):
            self.assertIn(words, self.read(*arguments, LETTER, rc=code), arguments)

    def test_eval(self):
        shutil.copy(LETTER, self.path("letter.jpg"))
        shutil.copy(LETTER_XML, self.path("letter.xml"))
        for more in ([], ["--from-page"]):
            out, _ = self.run_lesart("eval", "--models", "models", "--model", "reader", "--json",
                                     *more, "letter.jpg")
            total = json.loads(out)["total"]
            self.assertGreater(total["ms_per_line"], 0)
            self.assertGreater(total["cer"], 0)
            out, _ = self.run_lesart("eval", "--models", "models", "--model", "reader", *more,
                                     "letter.jpg")
            self.assertRegex(out, r"\n[0-9.]+ ms a line: ")


class Served(Neural):
    def setUp(self):
        super().setUp()
        self.net("hebrew", READER, "3", HEBREW)
        for name in ("reader", "finder"):
            self.run_lesart("model", "import", *kit.WEAK, "--state", "state",
                            name + ".safetensors")
        self.server = Server(self, "--state", "state")
        self.letter = kit.read_bytes(LETTER)

    def error(self, query, status, kind):
        answer = self.server.post("/ocr?" + query, self.letter)
        self.assertEqual(answer[0], status, answer[2])
        kit.hold_json(answer[2], "error.schema.json")
        self.assertEqual(json.loads(answer[2])["kind"], kind, query)

    def test_models_by_name(self):
        status, _, body = self.server.post("/ocr?model=reader&segmenter=finder&nBest=2",
                                           self.letter)
        self.assertEqual(status, 200, body)
        kit.hold_json(body, "result.schema.json")
        document = json.loads(body)
        self.assertEqual(document["engine"], "neural")
        self.assertEqual([model["name"] for model in document["models"]], ["reader", "finder"])
        lines = document["pages"][0]["lines"]
        self.assertGreater(len(lines), 10)
        self.assertTrue(all(1 <= len(line["readings"]) <= 2 for line in lines))
        self.assertNotIn(b"readings", self.server.post("/ocr?model=reader", self.letter)[2])

    def test_events(self):
        status, _, body = self.server.post("/ocr/stream?model=reader&nBest=3", self.letter)
        self.assertEqual(status, 200)
        kit.hold_json(body, "event.schema.json", lines=True)
        events = [json.loads(line) for line in body.splitlines()]
        lines = [event for event in events if event["event"] == "line"]
        self.assertGreater(len(lines), 10)
        self.assertTrue(all(1 <= len(line["readings"]) <= 3 for line in lines))

    def test_paths_and_strangers_are_refused(self):
        path = self.path("reader.safetensors")
        self.error("model=" + path, 400, "ARG")
        self.error("model=reader&segmenter=" + path, 400, "ARG")
        self.error("model=state/models/reader", 400, "ARG")
        self.error("model=..", 400, "ARG")
        self.error("model=hebrew", 404, "NOTFOUND")
        self.error("model=finder", 400, "ARG")
        self.error("model=reader&segmenter=reader", 400, "ARG")
        self.error("model=reader&nBest=0", 400, "ARG")
        self.error("model=reader&nBest=2x", 400, "ARG")
        self.error("model=reader&nBest=2&format=txt", 400, "ARG")
        self.error("nBest=2&engine=tesseract", 400, "ARG")


if __name__ == "__main__":
    kit.main()
