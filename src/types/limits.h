#ifndef LES_TYPES_LIMITS_H
#define LES_TYPES_LIMITS_H

#include <stdint.h>

/* Every cap on what comes from outside, in one place. A value with _DEFAULT can be changed by the
 * operator, never above the _MAX of the same name. docs/limits.md explains them to users. */

/* A document. */
#define LES_FILE_BYTES_MAX (600ull << 20)
#define LES_ROOM_BYTES_DEFAULT (2ull << 30) /* of all documents in a server at once */
#define LES_ROOM_BYTES_MAX (1ull << 40)
#define LES_PAGES_MAX 2000u
#define LES_PASSWORD_BYTES_MAX 128u
#define LES_XML_BYTES_MAX (64ull << 20)
#define LES_NAME_BYTES_MAX 255u

/* Ground truth: a ZIP or a folder. */
#define LES_ENTRIES_MAX 200000u
#define LES_ENTRY_NAME_BYTES_MAX 512u
#define LES_ENTRY_DEPTH_MAX 2u
#define LES_ENTRY_BYTES_MAX (256ull << 20)
#define LES_ENTRY_RATIO_MAX 200u /* unpacked to packed, of entries over the next line's size */
#define LES_ENTRY_RATIO_FROM_BYTES (1u << 20)
#define LES_ARCHIVE_BYTES_MAX (16ull << 30) /* unpacked, all entries together */
#define LES_ENTRIES_ARENA_BYTES_MAX (256ull << 20)
#define LES_GROUND_TEXT_BYTES_MAX 65536u /* one .gt.txt */
#define LES_DOCUMENTS_MAX 1000000u
#define LES_SURVEY_LINES_MAX 4000000u
#define LES_PREPARED_BYTES_MAX (512ull << 20) /* one page's line images */
#define LES_LINE_H_MIN 16u                    /* line images are kept at */
#define LES_LINE_H_MAX 256u
#define LES_PAGE_INPUT_H_MIN 64u /* pages of a line finder's training are kept at */
#define LES_PAGE_INPUT_H_MAX 4096u
#define LES_TRAIN_ADDRESS_BYTES                                                                    \
	(64ull << 30)                  /* addresses, not memory: of a trainer, less its pack */
#define LES_TRAINER_SILENCE_MS 1800000 /* validating a large set on a slow machine */
#define LES_TRAINER_STOP_MS 600000     /* from STOP to TRAINED */
#define LES_EPOCHS_MAX 100000u
#define LES_BATCH_LINES_MAX 1024u
#define LES_CHECKPOINT_BYTES_MAX (4ull << 30)
#define LES_PACK_BYTES_MAX (256ull << 30)
#define LES_PACK_TEXTS_BYTES_MAX (1ull << 30)
#define LES_SOURCE_CRASHES_MAX 20u /* of decoders over one source's entries, in one thread */

/* A page. */
#define LES_PAGE_PX_MAX 80000000ull
#define LES_PAGE_SIDE_MAX 30000u
#define LES_PAGE_SECONDS_DEFAULT 60u
#define LES_PAGE_SECONDS_MAX 600u
#define LES_READ_SECONDS_FACTOR 3u
#define LES_RENDER_DPI_DEFAULT 300u
#define LES_RENDER_DPI_MIN                                                                         \
	36u /* a page too large for the caps is drawn with fewer dpi, down to this */
#define LES_DPI_MAX 2400u
#define LES_CHANNELS_MAX 3u

/* Memory of a worker: base + input where it must be mapped + BYTES_PER_PX × pixels. */
#define LES_DECODE_BASE_BYTES (192ull << 20)
#define LES_DECODE_BYTES_PER_PX 16ull
#define LES_DECODE_OUT_BYTES_MAX (LES_PAGE_PX_MAX * LES_CHANNELS_MAX)
#define LES_TESSERACT_BASE_BYTES (512ull << 20)
#define LES_TESSERACT_BYTES_PER_PX 24ull
#define LES_READ_BASE_BYTES (2ull << 30) /* nets, their plans, generated code; threads' stacks */
#define LES_READ_BYTES_PER_PX 48ull

/* What a recogniser may say of one page. */
#define LES_PAGE_LINES_MAX 5000u
#define LES_PAGE_REGIONS_MAX 2000u
#define LES_LINE_WORDS_MAX 2000u
#define LES_LINE_CHARS_MAX 8000u
#define LES_LINE_TEXT_BYTES_MAX 65536u
#define LES_CHAR_TEXT_BYTES_MAX 64u
#define LES_CHAR_ALTERNATIVES_MAX 8u
#define LES_LINE_READINGS_MAX 20u
#define LES_POLYGON_POINTS_MAX 2000u
#define LES_ID_BYTES_MAX 128u
#define LES_LANGUAGE_BYTES_MAX 128u
#define LES_RECORDS_BYTES_MAX (64ull << 20) /* one page's records on the wire */
#define LES_PAGE_ARENA_BYTES_MAX (256ull << 20)
#define LES_PICTURE_BYTES_MAX (512ull << 20) /* one page as PNG */

/* Between page and net. */
#define LES_BITMAP_SIDE_MAX 60000u /* a line along a page's diagonal, and some */
#define LES_INPUT_FLOATS_MAX 120000000ull
#define LES_TRACE_POINTS_MAX 1000000u /* of an outline before it is simplified */
#define LES_TRIANGLE_POINTS_MAX 8000u
#define LES_PLANE_PX_MAX 16000000ull /* a heatmap's channel */
#define LES_BLUR_SIGMA_MAX 20
#define LES_SKELETON_ENDS_MAX 6000u
#define LES_LINE_OUTLINE_MAX 30000u    /* of a line's heat */
#define LES_AREA_OUTLINE_MAX 200000u   /* of a region's heat */
#define LES_EXTENSION_STEPS_MAX 60000u /* outline times baseline points */

/* A net. */
#define LES_TENSOR_RANK_MAX 4u
#define LES_TENSORS_MAX 4096u
#define LES_MODEL_FILE_BYTES_MAX (512ull << 20) /* kraken's largest have 65 MiB */
#define LES_WEIGHTS_BYTES_MAX (512ull << 20)    /* a canonical file, and a net in memory */
#define LES_MODEL_JSON_BYTES_MAX (16ull << 20)  /* a header, or one entry of the metadata */
#define LES_MODEL_META_BYTES_MAX (4u << 20)
#define LES_WEIGHTS_TABLES_BYTES_MAX (4ull << 20) /* beside the mapped file */
#define LES_CARD_BYTES_MAX (1u << 20)
#define LES_SUMS_BYTES_MAX 4096u
#define LES_SELF_TEST_BYTES_MAX (4u << 20)
#define LES_REGISTRY_FOLDERS_MAX 8u
#define LES_REGISTRY_MODELS_MAX 1000u
#define LES_MODELS_IN_FILE_MAX 64u
#define LES_PART_BYTES_MAX 64u
#define LES_TENSOR_NAME_BYTES_MAX 128u
#define LES_SPEC_BYTES_MAX 4096u
#define LES_CODES_MAX 65536u
#define LES_CODE_LABELS_MAX 16u
#define LES_CODE_TEXT_BYTES_MAX LES_CHAR_TEXT_BYTES_MAX
#define LES_CLASSES_MAX 256u
#define LES_LAYERS_MAX 256u
#define LES_BATCH_MAX 64u
#define LES_ACTIVATION_BYTES_MAX (3ull << 30)
#define LES_LAYER_DEPTH_MAX 16u
#define LES_BRANCHES_MAX 32u
#define LES_KERNEL_MAX 255u
#define LES_EXTENT_MAX 1048576u /* height and width between layers */
#define LES_CHANNELS_OUT_MAX 65536u

/* Engines. */
#define LES_TESSDATA_BYTES_MAX (512ull << 20)
#define LES_JOB_MODELS_MAX 8u         /* languages, or nets, of one document */
#define LES_RECOGNISER_MODELS_MAX 16u /* that one worker may have loaded */
#define LES_MODEL_NAME_BYTES_MAX 64u

/* Processes. */
#define LES_WORKER_START_MS 10000
#define LES_DECODE_CPU_SECONDS 3600u      /* a backstop: the deadline of each page is what counts */
#define LES_RECOGNISER_CPU_SECONDS 86400u /* of all its documents */
#define LES_DOCUMENT_CRASHES_MAX 2u
#define LES_RECOGNISER_DOCUMENTS_MAX 50u
#define LES_THREADS_MAX 64u

/* Results. */
#define LES_EXPORT_BYTES_MAX (1ull << 30)

#endif
