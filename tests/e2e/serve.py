"""lesart serve, end to end."""

import json
import os
import signal
import socket
import stat
import threading
import time

import kit
from kit import LETTER, LETTER_PDF, Server


def multipart(fields, boundary="teil"):
    """A form's body: (name, value) or (name, bytes, file name)."""
    out = b""
    for field in fields:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field[0]}"'
        if len(field) > 2:
            head += f'; filename="{field[2]}"\r\nContent-Type: application/octet-stream'
        value = field[1] if isinstance(field[1], bytes) else field[1].encode()
        out += head.encode() + b"\r\n\r\n" + value + b"\r\n"
    return (out + f"--{boundary}--\r\n".encode(),
            {"Content-Type": f"multipart/form-data; boundary={boundary}"})


class Routes(kit.Test):
    def setUp(self):
        super().setUp()
        self.server = Server(self)
        self.letter = kit.read_bytes(LETTER)

    def error(self, answer, status, kind):
        """The body of an error, which must be as documented."""
        self.assertEqual(answer[0], status, answer[2])
        kit.hold_json(answer[2], "error.schema.json")
        body = json.loads(answer[2])
        self.assertEqual(body["kind"], kind)
        self.assertEqual(body["request"], answer[1]["X-Request-Id"])
        return body

    def test_health(self):
        status, headers, body = self.server.get("/health")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "application/json")
        kit.hold_json(body, "health.schema.json")
        health = json.loads(body)
        self.assertIn("deu", health["languages"])
        self.assertEqual(health["models"], "none")
        self.assertEqual("warning" in health, os.getuid() == 0)
        if not kit.WEAK:
            self.assertTrue(health["workers"]["lesart-decode"]["landlock"])
            self.assertTrue(health["workers"]["lesart-tesseract"]["seccomp"])
        self.assertEqual(self.server.request("HEAD", "/health")[2], b"")
        out, _ = self.run_lesart("health", self.server.address)
        self.assertEqual(json.loads(out)["status"], "ok")

    def test_ocr_in_every_format(self):
        for name, kind, sign in (("txt", "text/plain; charset=utf-8", "Liebe Martha,"),
                                 ("json", "application/json", '"Liebe Martha,"'),
                                 ("page", "application/xml", "<Unicode>Liebe Martha,"),
                                 ("alto", "application/xml", 'CONTENT="Martha,"'),
                                 ("hocr", "text/html; charset=utf-8", ">Martha,</span>")):
            status, headers, body = self.server.post(f"/ocr?format={name}", self.letter)
            self.assertEqual(status, 200)
            self.assertEqual(headers["Content-Type"], kind)
            self.assertIn(sign, body.decode())
        kit.hold_json(self.server.post("/ocr", self.letter)[2], "result.schema.json")

    def test_every_parameter_from_a_form(self):
        body, headers = multipart([
            ("format", "txt"), ("pages", "1"), ("language", "deu+eng"), ("scriptType", "auto"),
            ("engine", "tesseract"), ("senderId", "martha"), ("illegibleBelow", "1"),
            ("illegibleText", "[…]"), ("password", "x"), ("file", self.letter, "brief.jpg")])
        status, _, answer = self.server.post("/ocr", body, headers)
        self.assertEqual(status, 200, answer)
        self.assertEqual(set(answer.decode().split()), {"[…]"})

    def test_forms_that_are_wrong(self):
        for fields in ([("format", "txt")], [("file", self.letter, "a"), ("colour", "red")],
                       [("file", self.letter, "a"), ("file", self.letter, "b")]):
            body, headers = multipart(fields)
            self.error(self.server.post("/ocr", body, headers), 400, "ARG")
        body, headers = multipart([("file", self.letter, "a")])
        self.error(self.server.post("/ocr", body[:-500], headers), 400, "ARG")
        self.error(self.server.post("/ocr", b"x", {"Content-Type": "multipart/form-data"}), 400,
                   "ARG")

    def test_parameters_that_are_wrong(self):
        for query in ("colour=red", "format=docx", "pages=0", "pages=2", "illegibleBelow=2",
                      "illegibleBelow=", "engine=magic", "scriptType=runes", "language=../deu",
                      "password=" + "p" * 200, "language=%ff"):
            for route in ("/ocr", "/ocr/stream"):
                self.error(self.server.post(f"{route}?{query}", self.letter), 400, "ARG")
        self.error(self.server.post("/ocr?language=xyz", self.letter), 404, "NOTFOUND")

    def test_documents_that_are_wrong(self):
        for route in ("/ocr", "/ocr/stream"):
            self.error(self.server.post(route, b""), 422, "FORMAT")
            self.error(self.server.post(route, b"no picture\n" * 99), 422, "FORMAT")
            self.error(self.server.post(route, self.letter[:200]), 422, "FORMAT")

    def test_what_is_not_there(self):
        self.error(self.server.get("/"), 404, "NOTFOUND")
        self.error(self.server.post("/ocr/", b"x"), 404, "NOTFOUND")
        answer = self.server.get("/ocr")
        self.error(answer, 405, "ARG")
        self.assertEqual(answer[1]["Allow"], "POST")
        answer = self.server.post("/health", b"x")
        self.error(answer, 405, "ARG")
        self.assertEqual(answer[1]["Allow"], "GET, HEAD")

    def test_several_requests_on_one_connection(self):
        connection = self.server.connect()
        for _ in range(2):
            connection.request("POST", "/ocr?format=txt", body=self.letter)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            self.assertIn(b"Martha", answer.read())
        connection.close()

    def events(self, body):
        kit.hold_json(body, "event.schema.json", lines=True)
        return [json.loads(line) for line in body.splitlines()]

    def test_a_stream(self):
        status, headers, body = self.server.post("/ocr/stream", kit.read_bytes(LETTER_PDF))
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "application/x-ndjson")
        events = self.events(body)
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        names = [event["event"] for event in events if event["event"] != "alive"]
        self.assertEqual((names[0], names[-1]), ("start", "done"))
        self.assertEqual(names.count("done") + names.count("error"), 1)
        self.assertEqual(events[0]["pages"], 2)
        for number in (1, 2):
            mine = [event for event in events
                    if event.get("page", event.get("number")) == number]
            self.assertEqual((mine[0]["event"], mine[-1]["event"]), ("page", "page-done"))
            lines = [event for event in mine if event["event"] == "line"]
            self.assertEqual(len(lines), mine[-1]["lines"])
            self.assertEqual([line["order"] for line in lines], list(range(1, len(lines) + 1)))
        self.assertIn("Liebe Martha,", [event.get("text") for event in events])
        self.assertEqual(events[-1]["pages"], 2)

    def test_a_stream_with_a_bad_page(self):
        events = self.events(self.server.post("/ocr/stream", kit.letter_pdf(3, broken=[2]))[2])
        bad = [event for event in events if event["event"] == "page-error"]
        self.assertEqual([(event["page"], event["kind"]) for event in bad], [(2, "LIMIT")])
        self.assertEqual(events[-1]["event"], "done")
        self.assertEqual(events[-1]["pagesFailed"], 1)

    def test_a_hang_up_ends_the_work(self):
        for route in ("/ocr", "/ocr/stream"):
            connection = self.server.connect()
            connection.request("POST", route, body=kit.letter_pdf(60))
            kit.wait_for("the work begins",
                         lambda: self.server.health()["documents"]["running"] == 1)
            time.sleep(0.3)
            connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()
            kit.wait_for("the work ends",
                         lambda: self.server.health()["documents"]["running"] == 0, 20)
        self.assertEqual(self.server.post("/ocr", self.letter)[0], 200)

    def test_killed_workers_cost_a_page_at_most(self):
        for name in ("lesart-decode", "lesart-tesseract"):
            connection = self.server.connect()
            connection.request("POST", "/ocr/stream", body=kit.letter_pdf(6))
            answer = connection.getresponse()
            lines = [answer.readline() for _ in range(4)]  # well into the first page
            # All at once, as the server sees it: else it takes a spare one that is killed next, and a
            # document that ends two decoders is given up.
            self.server.process.send_signal(signal.SIGSTOP)
            killed = self.server.workers(name)
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            kit.wait_for("they are dead", lambda: not self.server.workers(name))
            self.server.process.send_signal(signal.SIGCONT)
            events = self.events(b"".join(lines) + answer.read())
            connection.close()
            failed = [event for event in events if event["event"] == "page-error"]
            self.assertEqual(events[-1]["event"], "done", events[-1])
            self.assertLessEqual(len(failed), len(killed))
            self.assertEqual(events[-1]["pagesFailed"], len(failed))
            self.assertTrue(all(event["kind"] == "PEER" for event in failed))
        self.assertEqual(self.server.post("/ocr", self.letter)[0], 200)

    def test_logs_are_json_and_tell_no_secrets(self):
        answer = self.server.post("/ocr?password=geheim&senderId=martha", self.letter)
        self.server.get("/verbotener-pfad")
        self.server.get("/health?geheim=1")
        self.assertEqual(self.server.end(), 0)
        lines = self.server.log_lines()
        self.assertTrue(all({"time", "level", "event"} <= line.keys() for line in lines))
        mine = [line for line in lines if line.get("request") == answer[1]["X-Request-Id"]]
        self.assertEqual([(line["route"], line["status"]) for line in mine], [("/ocr", "200")])
        for secret in ("geheim", "martha", "Martha", "verboten", "senderId"):
            self.assertNotIn(secret, self.server.log_text())
        warned = [line for line in lines if line["event"] == "running-as-root"]
        self.assertEqual(len(warned), 1 if os.getuid() == 0 else 0)


class Limits(kit.Test):
    def raw(self, server, head, *pieces):
        """The status line and body of an answer to bytes sent by hand."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(kit.PATIENCE_S)
            sock.connect(server.address[5:])
            sock.sendall(head)
            try:
                for piece in pieces:
                    sock.sendall(piece)
            except OSError:
                pass  # the server need not listen to the end
            answer = b""
            while True:
                try:
                    piece = sock.recv(65536)
                except ConnectionResetError:
                    break
                if not piece:
                    break
                answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.split(b"\r\n")[0].decode(), body

    def test_a_body_over_the_cap(self):
        server = Server(self, "--file-bytes-max", "100000")
        status, body = self.raw(server, b"POST /ocr HTTP/1.1\r\nHost: x\r\n"
                                        b"Content-Length: 99999999\r\n\r\n")
        self.assertIn(" 413 ", status + " ")
        kit.hold_json(body, "error.schema.json")
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        head = b"POST /ocr HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        status, body = self.raw(server, head, piece, piece, piece)
        self.assertIn(" 413 ", status + " ")
        self.assertEqual(json.loads(body)["kind"], "LIMIT")
        form, headers = multipart([("file", b"x" * 150000, "a")])
        self.assertEqual(server.post("/ocr", form, headers)[0], 413)

    def test_pages_and_pixels(self):
        server = Server(self, "--pages-max", "2", "--page-px-max", "1000000")
        status, _, body = server.post("/ocr", kit.letter_pdf(3))
        self.assertEqual((status, json.loads(body)["kind"]), (413, "LIMIT"))
        status, _, body = server.post("/ocr", kit.read_bytes(LETTER))
        self.assertEqual((status, json.loads(body)["kind"]), (413, "LIMIT"))

    def test_a_full_queue(self):
        server = Server(self, "--threads", "1", "--queue", "1")
        busy = []
        for _ in range(2):
            connection = server.connect()
            connection.request("POST", "/ocr", body=kit.letter_pdf(60))
            busy.append(connection)
        kit.wait_for("both are in", lambda: server.health()["documents"] ==
                     {"running": 1, "waiting": 1})
        status, headers, body = server.post("/ocr", kit.read_bytes(LETTER))
        self.assertEqual((status, json.loads(body)["kind"]), (429, "BUSY"))
        self.assertGreater(int(headers["Retry-After"]), 0)
        for connection in busy:
            connection.close()
        kit.wait_for("the queue is empty", lambda: server.health()["documents"] ==
                     {"running": 0, "waiting": 0})
        self.assertEqual(server.post("/ocr", kit.read_bytes(LETTER))[0], 200)

    def test_alive_while_a_document_waits(self):
        server = Server(self, "--threads", "1")
        first = server.connect()
        first.request("POST", "/ocr", body=kit.letter_pdf(200))
        kit.wait_for("the first runs", lambda: server.health()["documents"]["running"] == 1)
        second = server.connect()
        second.request("POST", "/ocr/stream", body=kit.read_bytes(LETTER))
        answer = second.getresponse()  # its status is due after ten seconds of waiting
        event = json.loads(answer.readline())
        self.assertEqual((answer.status, event["event"], event["seq"]), (200, "alive", 1))
        first.close()
        rest = [json.loads(line) for line in answer.read().splitlines()]
        self.assertEqual(rest[-1]["event"], "done")
        self.assertEqual([event["seq"] for event in rest], list(range(2, len(rest) + 2)))
        second.close()


class Life(kit.Test):
    def test_it_drains_and_ends(self):
        os.mkdir(self.path("state"))
        server = Server(self, "--state", "state", listen="unix:state/socket")
        result = []
        body = kit.letter_pdf(4)
        thread = threading.Thread(target=lambda: result.append(server.post("/ocr?format=txt",
                                                                           body)))
        thread.start()
        kit.wait_for("the work begins", lambda: server.health()["documents"]["running"] == 1)
        self.assertEqual(server.end(), 0)
        thread.join()
        self.assertEqual(result[0][0], 200)
        self.assertEqual(result[0][2].count(b"Liebe Martha,"), 4)
        self.assertEqual(os.listdir(self.path("state")), [])
        # that of a late look at /health may stand between them
        said = [(line["event"], line.get("route")) for line in server.log_lines()]
        self.assertLess(said.index(("ending", None)), said.index(("request", "/ocr")))

    def test_a_stale_socket_is_replaced(self):
        server = Server(self)
        server.process.kill()
        server.process.wait()
        self.assertTrue(stat.S_ISSOCK(os.stat(self.path("socket")).st_mode))
        again = Server(self)
        self.assertEqual(again.post("/ocr", kit.read_bytes(LETTER))[0], 200)

    def test_tcp_and_the_environment(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        os.mkdir(self.path("state"))
        server = Server(self, "--state", "state", listen=f"127.0.0.1:{port}",
                        env={"LESART_FILE_BYTES_MAX": "1000", "LESART_PAGES_MAX": ""})
        self.assertEqual(server.post("/ocr", kit.read_bytes(LETTER))[0], 413)
        out, _ = self.run_lesart("health", env={"LESART_LISTEN": f"127.0.0.1:{port}"})
        self.assertEqual(json.loads(out)["status"], "ok")
        self.assertIn("LESART_FILE_BYTES_MAX", self.run_lesart("serve", "--help")[0])
        self.run_lesart("serve", env={"LESART_QUEUE": "many"}, rc=2)
        self.assertEqual(server.end(), 0)
        self.assertEqual(os.listdir(self.path("state")), [])
        self.run_lesart("health", f"127.0.0.1:{port}", rc=22)

    def test_an_address_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assertIn("in use", self.run_lesart("serve", "--listen", f"127.0.0.1:{port}",
                                                    rc=16)[1])
        self.run_lesart("serve", "--listen", "nonsense", rc=2)

    def test_recognisers_are_replaced(self):
        server = Server(self, "--threads", "1", "--recogniser-documents", "2")
        letter = kit.read_bytes(LETTER)
        seen = set()
        for _ in range(5):
            self.assertEqual(server.post("/ocr", letter)[0], 200)
            kit.wait_for("a recogniser", lambda: server.health()["workers"]
                         .get("lesart-tesseract", {}).get("ready"))
            seen.update(server.workers("lesart-tesseract"))
        self.assertGreaterEqual(len(seen), 3)

    def test_no_models_no_service(self):
        os.mkdir(self.path("none"))
        server = Server(self, "--tessdata", "none", status=503)
        status, _, body = server.get("/health")
        self.assertEqual(status, 503)
        kit.hold_json(body, "health.schema.json")
        self.assertIn("no model of any language in none", json.loads(body)["reason"])
        self.run_lesart("health", server.address, rc=22)


if __name__ == "__main__":
    kit.main()
