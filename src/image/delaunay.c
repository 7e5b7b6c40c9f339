#include "image/delaunay.h"

#include "types/limits.h"

#include <stdlib.h>

enum { INFINITE = UINT32_MAX }; /* the corner outside of everything; always a triangle's last */

static const double SHAKE_PX = 0.001;

struct edge {
	uint32_t from, to;
};

/* triangle[] has room for 2n + 2: a triangulation of n points and infinity has 2n - 2. */
struct mesh {
	struct les_vec *at;
	struct les_triangle *triangle;
	size_t n;
	struct edge *edge; /* of the hole a new point makes */
	size_t edges_n;
};

static void mesh_done(struct mesh *mesh)
{
	free(mesh->at);
	free(mesh->triangle);
	free(mesh->edge);
}

/* Twice the signed area. */
static long double turn(struct les_vec a, struct les_vec b, struct les_vec c)
{
	return ((long double)b.x - a.x) * ((long double)c.y - a.y) -
	       ((long double)b.y - a.y) * ((long double)c.x - a.x);
}

/* Whether p lies in the circle around a, b, c (which turn positively). */
static bool in_circle(struct les_vec a, struct les_vec b, struct les_vec c, struct les_vec p)
{
	const long double ax = a.x - p.x, ay = a.y - p.y, bx = b.x - p.x, by = b.y - p.y;
	const long double cx = c.x - p.x, cy = c.y - p.y;

	return (ax * ax + ay * ay) * (bx * cy - cx * by) -
		       (bx * bx + by * by) * (ax * cy - cx * ay) +
		       (cx * cx + cy * cy) * (ax * by - bx * ay) >
	       0;
}

static bool is_hit(const struct mesh *mesh, const struct les_triangle *t, struct les_vec p)
{
	const struct les_vec a = mesh->at[t->corner[0]], b = mesh->at[t->corner[1]];

	if (t->corner[2] == INFINITE)
		return turn(a, b, p) > 0;
	return in_circle(a, b, mesh->at[t->corner[2]], p);
}

/* Edges that two hit triangles share lie inside the hole and cancel out. */
static void toggle_edge(struct mesh *mesh, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < mesh->edges_n; i++) {
		if (mesh->edge[i].from == to && mesh->edge[i].to == from) {
			mesh->edge[i] = mesh->edge[--mesh->edges_n];
			return;
		}
	}
	mesh->edge[mesh->edges_n++] = (struct edge){from, to};
}

static void add_triangle(struct mesh *mesh, uint32_t a, uint32_t b, uint32_t c)
{
	struct les_triangle *t = &mesh->triangle[mesh->n++];

	if (a == INFINITE)
		*t = (struct les_triangle){{b, c, a}};
	else if (b == INFINITE)
		*t = (struct les_triangle){{c, a, b}};
	else
		*t = (struct les_triangle){{a, b, c}};
}

static void insert(struct mesh *mesh, uint32_t point)
{
	mesh->edges_n = 0;
	for (size_t i = 0; i < mesh->n;) {
		const struct les_triangle t = mesh->triangle[i];
		if (!is_hit(mesh, &t, mesh->at[point])) {
			i++;
			continue;
		}
		for (int k = 0; k < 3; k++)
			toggle_edge(mesh, t.corner[k], t.corner[(k + 1) % 3]);
		mesh->triangle[i] = mesh->triangle[--mesh->n];
	}
	for (size_t i = 0; i < mesh->edges_n; i++)
		add_triangle(mesh, mesh->edge[i].from, mesh->edge[i].to, point);
}

/* A repeatable number in [0,1). */
static double noise(uint32_t seed)
{
	seed = (seed ^ 61u) ^ (seed >> 16);
	seed *= 9u;
	seed ^= seed >> 4;
	seed *= 0x27d4eb2du;
	seed ^= seed >> 15;
	return seed / 4294967296.0;
}

static enum les_kind mesh_init(const struct les_vec *points, size_t n, struct mesh *ret,
			       struct les_error *reterr)
{
	struct mesh mesh = {
		.at = calloc(n, sizeof *mesh.at),
		.triangle = calloc(2 * n + 2, sizeof *mesh.triangle),
		.edge = calloc(6 * n + 6, sizeof *mesh.edge),
	};

	if (!mesh.at || !mesh.triangle || !mesh.edge) {
		mesh_done(&mesh);
		return les_fail(reterr, LES_NOMEM, "a mesh of %zu points", n);
	}
	for (uint32_t i = 0; i < n; i++)
		mesh.at[i] = (struct les_vec){points[i].x + SHAKE_PX * noise(2 * i),
					      points[i].y + SHAKE_PX * noise(2 * i + 1)};
	*ret = mesh;
	return LES_OK;
}

enum les_kind les_delaunay(const struct les_vec *points, size_t n, struct les_triangle **ret,
			   size_t *ret_n, struct les_error *reterr)
{
	LES_CLEANUP(mesh_done) struct mesh mesh = {0};
	enum les_kind kind;

	if (n < 3 || n > LES_TRIANGLE_POINTS_MAX)
		return les_fail(reterr, LES_LIMIT, "a mesh of %zu points", n);
	if ((kind = mesh_init(points, n, &mesh, reterr)))
		return kind;
	const bool positive = turn(mesh.at[0], mesh.at[1], mesh.at[2]) > 0;
	const uint32_t a = 0, b = positive ? 1 : 2, c = positive ? 2 : 1;
	add_triangle(&mesh, a, b, c);
	add_triangle(&mesh, b, a, INFINITE);
	add_triangle(&mesh, c, b, INFINITE);
	add_triangle(&mesh, a, c, INFINITE);
	for (uint32_t i = 3; i < n; i++)
		insert(&mesh, i);

	size_t finite = 0;
	for (size_t i = 0; i < mesh.n; i++)
		if (mesh.triangle[i].corner[2] != INFINITE)
			mesh.triangle[finite++] = mesh.triangle[i];
	*ret = LES_TAKE(mesh.triangle);
	*ret_n = finite;
	return LES_OK;
}
