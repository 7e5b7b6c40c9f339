#include "base/cleanup.h"
#include "base/log.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "confine/confine.h"
#include "http/server.h"
#include "jobs/models.h"
#include "jobs/nets.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DRAIN_MS = 30000,
	READERS_MAX = 2, /* each uses all threads for a page: one reads while another gets ready */
};

struct arguments {
	const char *listen, *state, *models, *tessdata;
	uint64_t threads, queue, file_bytes_max, room_bytes_max, pages_max, page_px_max,
		page_seconds, recogniser_documents;
	bool allow_weak_sandbox;
};

static enum les_kind parse(int argc, char **argv, struct arguments *a, struct les_error *reterr)
{
	const struct les_option rows[] = {
		{"listen", 0, "ADDRESS", "127.0.0.1:8000 or unix:PATH", LES_OPTION_STRING,
		 &a->listen, 0, 0},
		{"state", 0, "DIR", "for uploads and jobs (default: memory)", LES_OPTION_STRING,
		 &a->state, 0, 0},
		{"models", 0, "DIR", "for imported and trained models", LES_OPTION_STRING,
		 &a->models, 0, 0},
		{"tessdata", 0, "DIR", "where Tesseract's models lie", LES_OPTION_STRING,
		 &a->tessdata, 0, 0},
		{"threads", 0, "N", "pages read at once (default: the processors)",
		 LES_OPTION_NUMBER, &a->threads, 1, LES_THREADS_MAX},
		{"queue", 0, "N", "documents that may wait (default 16)", LES_OPTION_NUMBER,
		 &a->queue, 0, 1000},
		{"file-bytes-max", 0, "N", "of a document (default 600 MiB)", LES_OPTION_NUMBER,
		 &a->file_bytes_max, 1, LES_FILE_BYTES_MAX},
		{"room-bytes-max", 0, "N", "of all documents here at once (default 2 GiB)",
		 LES_OPTION_NUMBER, &a->room_bytes_max, 1, LES_ROOM_BYTES_MAX},
		{"pages-max", 0, "N", "of a document (default 2000)", LES_OPTION_NUMBER,
		 &a->pages_max, 1, LES_PAGES_MAX},
		{"page-px-max", 0, "N", "pixels of a page (default 80 million)", LES_OPTION_NUMBER,
		 &a->page_px_max, 1, LES_PAGE_PX_MAX},
		{"page-seconds", 0, "N", "for decoding a page; three times that for reading it",
		 LES_OPTION_NUMBER, &a->page_seconds, 1, LES_PAGE_SECONDS_MAX},
		{"recogniser-documents", 0, "N",
		 "a recogniser is replaced after so many (default 50)", LES_OPTION_NUMBER,
		 &a->recogniser_documents, 1, LES_RECOGNISER_DOCUMENTS_MAX},
		{"allow-weak-sandbox", 0, NULL,
		 "start where this kernel cannot confine the workers", LES_OPTION_FLAG,
		 &a->allow_weak_sandbox, 0, 0},
	};
	const struct les_options options = {"lesart serve [OPTION]...", rows, LES_COUNT(rows),
					    true};
	int first;
	enum les_kind kind = les_options_parse(&options, argc, argv, &first, reterr);

	if (kind == LES_OK && first < argc)
		return les_fail(reterr, LES_ARG, "\"%.40s\" is not an option", argv[first]);
	return kind;
}

/* The last of these system folders are what the workers' dynamic linker and the fonts need: a
 * worker inherits this confinement before it adds its own. */
static enum les_kind confine(const struct arguments *a, const char *binary_dir,
			     const char *const *tessdata, const struct les_registry *registry,
			     struct les_error *reterr)
{
	enum { READ_ONLY_N = 5 };
	const char *const execute[] = {binary_dir, "/lib", "/lib64", "/usr/lib", NULL};
	const char *read_only[READ_ONLY_N + LES_REGISTRY_FOLDERS_MAX + 1] = {
		"/etc/ld.so.cache", "/usr/share/fonts", "/proc/self"};
	size_t n = 3;
	for (size_t i = 0; i < 2 && tessdata[i]; i++)
		read_only[n++] = tessdata[i];
	for (uint32_t i = 0; i < registry->n; i++)
		read_only[n++] = registry->folders[i];
	const char *const read_write[] = {a->state, a->models && a->state ? a->models : NULL, NULL};
	const char *const models_only[] = {a->models, NULL};
	const struct les_serve_paths paths = {.read_only = read_only,
					      .read_write = a->state ? read_write : models_only,
					      .execute = execute};

	return les_confine_server(&paths, reterr);
}

static void block_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	pthread_sigmask(SIG_BLOCK, ret, NULL);
}

static void warn(const struct arguments *a)
{
	if (getuid() == 0)
		les_log("warning", "running-as-root", "message",
			"lesart serve needs no privileges: run it as another user", NULL);
	if (a->models && access(a->models, W_OK) != 0)
		les_log("warning", "models-read-only", "folder", a->models, NULL);
}

/* A reader is kept ready where there is a model that it could read with. */
static uint32_t readers_spare(const struct les_registry *registry)
{
	struct les_model model;

	if (les_net_for_script(registry, "auto", LES_NET_RECOGNITION, &model, NULL) != LES_OK)
		return 0;
	les_fd_close(&model.fd);
	return 1;
}

static enum les_kind run(const struct arguments *a, const char *binary_dir, int listen_fd,
			 const char *const *tessdata, const struct les_registry *registry,
			 struct les_error *reterr)
{
	const struct les_pool_config pool_config = {
		.binary_dir = binary_dir,
		.stock = {[LES_ROLE_DECODE] = {.spare = 1},
			  [LES_ROLE_TESSERACT] = {1, (uint32_t)a->threads},
			  [LES_ROLE_READ] = {readers_spare(registry), READERS_MAX}},
		.threads = (uint32_t)a->threads,
		.recogniser_documents = (uint32_t)a->recogniser_documents,
		.allow_weak_sandbox = a->allow_weak_sandbox};
	struct MHD_Daemon *daemon;
	struct les_server *server;
	struct les_pool *pool;
	sigset_t signals;
	int received;

	block_signals(&signals);
	enum les_kind kind = les_pool_new(&pool_config, &pool, reterr);
	if (kind != LES_OK)
		return kind;
	const struct les_server_config config = {.pool = pool,
						 .listen_fd = listen_fd,
						 .file_bytes_max = a->file_bytes_max,
						 .room_bytes_max = a->room_bytes_max,
						 .page_px_max = a->page_px_max,
						 .pages_max = (uint32_t)a->pages_max,
						 .page_seconds = (uint32_t)a->page_seconds,
						 .running_max = (uint32_t)a->threads,
						 .waiting_max = (uint32_t)a->queue,
						 .threads = (uint32_t)a->threads,
						 .tessdata = tessdata,
						 .spool_dir = a->state,
						 .state_dir = a->state,
						 .registry = registry,
						 .models_dir = a->models,
						 .allow_weak_sandbox = a->allow_weak_sandbox};
	kind = les_server_start(&config, &server, &daemon, reterr);
	if (kind == LES_OK) {
		les_log("info", "listening", "address", a->listen, "version", LES_BUILD_ID, NULL);
		sigwait(&signals, &received);
		les_log("info", "ending", "signal", received == SIGTERM ? "TERM" : "INT", NULL);
		les_server_stop(server, daemon, DRAIN_MS);
	}
	les_pool_free(pool);
	return kind;
}

int les_cli_serve(int argc, char **argv)
{
	struct arguments a = {.listen = "127.0.0.1:8000",
			      .threads = les_processors(),
			      .queue = 16,
			      .file_bytes_max = LES_FILE_BYTES_MAX,
			      .room_bytes_max = LES_ROOM_BYTES_DEFAULT,
			      .pages_max = LES_PAGES_MAX,
			      .page_px_max = LES_PAGE_PX_MAX,
			      .page_seconds = LES_PAGE_SECONDS_DEFAULT,
			      .recogniser_documents = LES_RECOGNISER_DOCUMENTS_MAX};
	LES_CLEANUP(les_free_p) char *binary_dir = NULL;
	LES_CLEANUP(les_registry_done) struct les_registry registry = {.n = 0};
	int listen_fd = -1;
	struct les_error error;
	enum les_kind kind = parse(argc, argv, &a, &error);

	if (kind == LES_OK && a.room_bytes_max < a.file_bytes_max)
		kind = les_fail(&error, LES_ARG,
				"--room-bytes-max must hold a document of --file-bytes-max");
	if (kind == LES_OK)
		kind = les_binary_dir_find(&binary_dir, &error);
	if (kind == LES_OK)
		kind = les_registry_init(a.models, a.state, binary_dir, &registry, &error);
	if (kind == LES_OK)
		kind = les_listen(a.listen, &listen_fd, &error);
	const char *const given[] = {a.tessdata, NULL, NULL};
	const char *const *tessdata = a.tessdata ? given : les_tessdata_folders;
	if (kind == LES_OK)
		kind = confine(&a, binary_dir, tessdata, &registry, &error);
	if (kind == LES_UNAVAILABLE && a.allow_weak_sandbox) {
		les_log("warning", "weak-sandbox", "message", error.message, NULL);
		kind = LES_OK;
	}
	if (kind != LES_OK)
		return les_options_exit("serve", &error);
	warn(&a);
	kind = run(&a, binary_dir, listen_fd, tessdata, &registry, &error);
	if (strncmp(a.listen, "unix:", 5) == 0)
		unlink(a.listen + 5);
	return kind == LES_OK ? 0 : les_options_exit("serve", &error);
}
