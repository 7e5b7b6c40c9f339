#include "preprocess/preprocess.h"

#include "base/cleanup.h"
#include "preprocess/pix.h"

#include <leptonica/allheaders.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Measuring happens on a reduced page, a few hundred kilopixels whatever the page's size; the page
 * itself is touched only where something is mended. */
enum {
	SIDE_MIN_PX = 16,        /* of the reduced page: smaller ones, and threads, tell nothing */
	MEASURED_SIDE_PX = 1000, /* the longer side is halved down to about this */
	PAPER_TILE_PX = 4,       /* of the reduced page: one value of the paper's map */
	PAPER_CLOSE_N = 11,      /* tiles: wider than any stroke, narrower than a stain */
	PAPER_SMOOTH_N = 2,
	PAPER_EVEN = 235, /* evened paper */
	INK_SPREAD = 20,  /* spread ink */
	SWEEP_REDUCE = 2,
};
static const float sure_min = 3; /* Leptonica's confidence that an angle is the lines' */
static const float sweep_step_deg = 1, search_step_deg = 0.02f;

/* A page at hand while it is measured and mended. */
struct work {
	const struct les_image *image;
	PIX *small; /* grey, reduced by 2^halvings */
	PIX *paper; /* the paper's map: small reduced by PAPER_TILE_PX */
	uint32_t halvings_n;
};

static void work_done(struct work *work)
{
	pixDestroy(&work->small);
	pixDestroy(&work->paper);
}

/* The page reduced in both directions by 2^halvings: means of blocks. */
static PIX *reduce(const struct les_image *image, uint32_t halvings_n)
{
	const uint32_t block = 1u << halvings_n, n = block * block * image->channels;
	const uint32_t w = image->w_px >> halvings_n, h = image->h_px >> halvings_n;
	PIX *pix = pixCreate((l_int32)w, (l_int32)h, 8);
	LES_CLEANUP(les_free_p) uint32_t *sums = malloc(w * sizeof *sums);

	if (!pix || !sums) {
		pixDestroy(&pix);
		return NULL;
	}
	for (uint32_t y = 0; y < h; y++) {
		uint8_t *to = (uint8_t *)(pixGetData(pix) + (size_t)y * (size_t)pixGetWpl(pix));
		memset(sums, 0, w * sizeof *sums);
		for (uint32_t r = 0; r < block; r++) {
			const uint8_t *from =
				image->px + ((size_t)y * block + r) * image->stride_bytes;
			for (uint32_t x = 0; x < w; x++)
				for (uint32_t k = 0; k < block * image->channels; k++)
					sums[x] += *from++;
		}
		for (uint32_t x = 0; x < w; x++)
			to[x] = (uint8_t)(sums[x] / n);
	}
	pixEndianByteSwap(pix);
	return pix;
}

/* The paper without what is written on it: a closing, which takes the lightest near each place, and
 * then the darkest of these. */
static PIX *paper_map(PIX *small)
{
	PIX *tiles = pixScaleAreaMap(small, 1.0f / PAPER_TILE_PX, 1.0f / PAPER_TILE_PX);
	PIX *closed = tiles ? pixCloseGray(tiles, PAPER_CLOSE_N, PAPER_CLOSE_N) : NULL;

	pixDestroy(&tiles);
	return closed;
}

static uint32_t halvings(const struct les_image *image)
{
	const uint32_t longer = image->w_px > image->h_px ? image->w_px : image->h_px;
	uint32_t n = 0;

	while (longer >> n > MEASURED_SIDE_PX * 3 / 2)
		n++;
	return n;
}

static bool too_small(const struct les_image *image)
{
	const uint32_t n = halvings(image);

	return image->w_px >> n < SIDE_MIN_PX || image->h_px >> n < SIDE_MIN_PX;
}

static enum les_kind work_init(struct work *work, const struct les_image *image,
			       struct les_error *reterr)
{
	*work = (struct work){.image = image, .halvings_n = halvings(image)};
	work->small = reduce(image, work->halvings_n);
	work->paper = work->small ? paper_map(work->small) : NULL;
	if (work->paper)
		return LES_OK;
	work_done(work);
	return les_fail(reterr, LES_NOMEM, "no memory to prepare a page");
}

/* The grey value below which a share of the counted pixels lies. */
static uint32_t percentile(const uint64_t counts[256], double share)
{
	uint64_t sum = 0, below = 0;
	uint32_t v = 0;

	for (uint32_t i = 0; i < 256; i++)
		sum += counts[i];
	while (v < 255 && (double)(below += counts[v]) <= share * (double)sum)
		v++;
	return v;
}

static void count_values(PIX *pix, uint64_t counts[256])
{
	memset(counts, 0, 256 * sizeof *counts);
	for (l_int32 y = 0; y < pixGetHeight(pix); y++) {
		const l_uint32 *line = pixGetData(pix) + (size_t)y * (size_t)pixGetWpl(pix);
		for (l_int32 x = 0; x < pixGetWidth(pix); x++)
			counts[GET_DATA_BYTE(line, x)]++;
	}
}

/* The paper's values as numbers, smoothed, each for the middle of its tile. Heap; NULL: no memory.
 */
static float *smooth_paper(PIX *paper)
{
	const size_t w = (size_t)pixGetWidth(paper), h = (size_t)pixGetHeight(paper);
	PIX *smooth = pixBlockconv(paper, PAPER_SMOOTH_N, PAPER_SMOOTH_N);
	float *values = malloc(w * h * sizeof *values);

	for (size_t y = 0; y < h && smooth && values; y++) {
		const l_uint32 *line = pixGetData(smooth) + y * (size_t)pixGetWpl(smooth);
		for (size_t x = 0; x < w; x++)
			values[y * w + x] = (float)GET_DATA_BYTE(line, x);
	}
	if (!smooth)
		free(LES_TAKE(values));
	pixDestroy(&smooth);
	return values;
}

/* Where a pixel of `n` lies between the middles of `tiles_n` tiles: the tile before and the share
 * of the one after. */
static uint32_t tile_before(uint32_t at, uint32_t n, uint32_t tiles_n, float *ret_share)
{
	const float t = ((float)at + 0.5f) * (float)tiles_n / (float)n - 0.5f;
	const float most = (float)(tiles_n - 1);
	const float inside = fminf(fmaxf(t, 0), most);
	const uint32_t before = (uint32_t)inside < tiles_n - 1 ? (uint32_t)inside : tiles_n - 2;

	*ret_share = inside - (float)before;
	return before;
}

/* In place: as if the paper were the same everywhere. False where memory ran out. */
static bool even(PIX *pix, PIX *paper)
{
	const uint32_t w = (uint32_t)pixGetWidth(pix), h = (uint32_t)pixGetHeight(pix);
	const uint32_t tw = (uint32_t)pixGetWidth(paper), th = (uint32_t)pixGetHeight(paper);
	LES_CLEANUP(les_free_p) float *values = smooth_paper(paper);
	LES_CLEANUP(les_free_p) float *row = malloc(tw * sizeof *row);
	float down, right;

	for (uint32_t y = 0; y < h && values && row; y++) {
		l_uint32 *line = pixGetData(pix) + (size_t)y * (size_t)pixGetWpl(pix);
		const float *above = values + (size_t)tile_before(y, h, th, &down) * tw;
		for (uint32_t t = 0; t < tw; t++)
			row[t] = above[t] + down * (above[t + tw] - above[t]);
		for (uint32_t x = 0; x < w; x++) {
			const uint32_t t = tile_before(x, w, tw, &right);
			const float here = row[t] + right * (row[t + 1] - row[t]);
			const float v = (float)GET_DATA_BYTE(line, x) * PAPER_EVEN / fmaxf(here, 1);
			SET_DATA_BYTE(line, x, v < 255 ? (l_uint8)v : 255);
		}
	}
	return values && row;
}

/* Ink in black and white, of an evened page. */
static PIX *ink_of(PIX *evened, uint32_t *ret_contrast)
{
	uint64_t counts[256];
	PIX *ink = NULL;
	l_int32 threshold = 0;

	count_values(evened, counts);
	/* the darkest hundredth is ink: a page of print has some five of them */
	const uint32_t dark = percentile(counts, 0.01);
	*ret_contrast = dark < PAPER_EVEN ? PAPER_EVEN - dark : 0;
	threshold = (l_int32)(dark + *ret_contrast / 2);
	if (*ret_contrast > 8)
		ink = pixThresholdToBinary(evened, threshold);
	return ink;
}

static float find_skew(PIX *ink, const struct les_wishes *wishes)
{
	l_float32 angle = 0, sure = 0;

	if (!ink || wishes->deskew_max_deg <= 0)
		return 0;
	if (pixFindSkewSweepAndSearch(ink, &angle, &sure, SWEEP_REDUCE, 1, wishes->deskew_max_deg,
				      sweep_step_deg, search_step_deg) != 0 ||
	    sure < sure_min)
		return 0; /* no lines: a picture, an empty page */
	return fabsf(angle) <= wishes->deskew_max_deg ? angle : 0;
}

static enum les_kind measure(struct work *work, const struct les_wishes *wishes,
			     struct les_measure *ret, struct les_error *reterr)
{
	uint64_t counts[256];

	count_values(work->paper, counts);
	*ret = (struct les_measure){.paper = percentile(counts, 0.5),
				    .stain = percentile(counts, 0.95) - percentile(counts, 0.05)};
	LES_CLEANUP(les_pix_destroy_p) PIX *evened = pixCopy(NULL, work->small);
	if (!evened || !even(evened, work->paper))
		return les_fail(reterr, LES_NOMEM, "no memory to measure a page");
	LES_CLEANUP(les_pix_destroy_p) PIX *ink = ink_of(evened, &ret->contrast);
	/* evening spreads as it lightens: back to the page's own values */
	ret->contrast = ret->contrast * ret->paper / PAPER_EVEN;
	ret->deskew_deg = find_skew(ink, wishes);
	if (work->image->channels == 1)
		ret->speckle_n = les_specks_count(work->image);
	return LES_OK;
}

enum les_kind les_page_measure(const struct les_image *image, const struct les_wishes *wishes,
			       struct les_measure *ret, struct les_error *reterr)
{
	LES_CLEANUP(work_done) struct work work = {.small = NULL};

	if (too_small(image)) {
		*ret = (struct les_measure){.paper = 255};
		return LES_OK;
	}
	enum les_kind kind = work_init(&work, image, reterr);
	return kind == LES_OK ? measure(&work, wishes, ret, reterr) : kind;
}

/* ---- mending ---- */

/* The page in grey, as Leptonica's. */
static PIX *grey_of(const struct les_image *image)
{
	PIX *pix = les_pix_from_image(image);
	PIX *grey = pix && image->channels == 3 ? pixConvertRGBToLuminance(pix) : pix;

	if (grey != pix)
		pixDestroy(&pix);
	return grey;
}

static bool wipe(PIX *pix)
{
	struct les_error ignored;

	pixEndianByteSwap(pix);
	const enum les_kind kind = les_specks_wipe(
		(uint8_t *)pixGetData(pix), (uint32_t)pixGetWidth(pix), (uint32_t)pixGetHeight(pix),
		4 * (uint32_t)pixGetWpl(pix), &ignored);
	pixEndianByteSwap(pix);
	return kind == LES_OK;
}

/* Ink at `ink` becomes INK_SPREAD, paper at `paper` PAPER_EVEN, what lies between in proportion. */
static void spread(PIX *pix, uint32_t paper, uint32_t contrast)
{
	const float ink = (float)paper - (float)contrast;
	const float gain = (float)(PAPER_EVEN - INK_SPREAD) / (float)contrast;
	uint8_t table[256];

	for (uint32_t v = 0; v < 256; v++)
		table[v] =
			(uint8_t)fminf(fmaxf(roundf(INK_SPREAD + gain * ((float)v - ink)), 0), 255);
	for (l_int32 y = 0; y < pixGetHeight(pix); y++) {
		l_uint32 *line = pixGetData(pix) + (size_t)y * (size_t)pixGetWpl(pix);
		for (l_int32 x = 0; x < pixGetWidth(pix); x++)
			SET_DATA_BYTE(line, x, table[GET_DATA_BYTE(line, x)]);
	}
}

/* Turned about its middle on a sheet that holds all of it. Leptonica's turn brings to a pixel what
 * lay at: cen + ((x − cen)·cos + (y − cen)·sin, (y − cen)·cos − (x − cen)·sin). */
static PIX *turn(PIX *pix, float deg, uint32_t paper, struct les_affine *ret)
{
	const float rad = deg * (float)M_PI / 180, c = cosf(rad), s = sinf(rad);
	const float w = (float)pixGetWidth(pix), h = (float)pixGetHeight(pix);
	const l_int32 wide = (l_int32)ceilf(w * c + h * fabsf(s)) + 2,
		      high = (l_int32)ceilf(h * c + w * fabsf(s)) + 2;
	const l_int32 left = (wide - (l_int32)w) / 2, top = (high - (l_int32)h) / 2;
	const float cx = (float)(wide / 2) + 0.5f, cy = (float)(high / 2) + 0.5f;
	PIX *sheet = pixCreate(wide, high, 8);

	if (!sheet)
		return NULL;
	pixSetAllArbitrary(sheet, paper);
	pixRasterop(sheet, left, top, (l_int32)w, (l_int32)h, PIX_SRC, pix, 0, 0);
	PIX *turned = pixRotateAMGray(sheet, rad, (l_uint8)paper);
	pixDestroy(&sheet);
	*ret = (struct les_affine){
		c, s, cx - c * cx - s * cy - (float)left, -s, c, cy + s * cx - c * cy - (float)top,
	};
	return turned;
}

static bool mend(const struct work *work, const struct les_measure *m, struct les_prepared *p,
		 PIX **pix)
{
	uint32_t paper = m->paper, contrast = m->contrast;
	bool ok = true;

	if (p->wiped)
		ok = wipe(*pix);
	if (ok && p->evened) {
		ok = even(*pix, work->paper);
		contrast = contrast * PAPER_EVEN / (paper ? paper : 1);
		paper = PAPER_EVEN;
	}
	if (ok && p->spread) {
		spread(*pix, paper, contrast);
		paper = PAPER_EVEN;
	}
	if (ok && p->turned) {
		PIX *turned = turn(*pix, m->deskew_deg, paper, &p->to_page);
		pixDestroy(pix);
		*pix = turned;
		ok = turned != NULL;
	}
	return ok;
}

enum les_kind les_page_prepare(const struct les_image *image, const struct les_wishes *wishes,
			       struct les_prepared *ret, struct les_error *reterr)
{
	LES_CLEANUP(work_done) struct work work = {.small = NULL};
	struct les_measure m;

	*ret = (struct les_prepared){.image = *image, .to_page = {1, 0, 0, 0, 1, 0}};
	if (too_small(image))
		return LES_OK;
	enum les_kind kind = work_init(&work, image, reterr);
	if (kind == LES_OK)
		kind = measure(&work, wishes, &m, reterr);
	if (kind != LES_OK)
		return kind;
	ret->wiped = wishes->speckle_min_n && m.speckle_n >= wishes->speckle_min_n;
	ret->evened = wishes->stain_min && m.stain >= wishes->stain_min;
	ret->spread = m.contrast > 8 && m.contrast < wishes->contrast_min;
	ret->turned = wishes->deskew_max_deg > 0 && m.deskew_deg != 0 &&
		      fabsf(m.deskew_deg) >= wishes->deskew_min_deg;
	if (!ret->wiped && !ret->evened && !ret->spread && !ret->turned)
		return LES_OK;
	LES_CLEANUP(les_pix_destroy_p) PIX *pix = grey_of(image);
	if (pix && mend(&work, &m, ret, &pix))
		ret->own = les_pix_grey(pix, &ret->image);
	if (!ret->own)
		return les_fail(reterr, LES_NOMEM, "no memory to prepare a page");
	return LES_OK;
}

void les_prepared_done(struct les_prepared *prepared)
{
	free(prepared->own);
	*prepared = (struct les_prepared){.own = NULL};
}
