#ifndef LES_BASE_CLEANUP_H
#define LES_BASE_CLEANUP_H

/* Scope-bound ownership.
 *
 *   LES_CLEANUP(les_buf_done) struct les_buf buf = LES_BUF(LES_TEXT_BYTES_MAX);
 *   LES_CLEANUP(les_fd_close) int fd = open(…);
 *   …
 *   *ret = LES_TAKE_FD(fd);     hands the fd over, the scope no longer closes it
 *
 * The function named gets a pointer to the variable, so a pointer variable needs a function
 * over a pointer to pointer; LES_DEFINE_CLEANUP makes one, named with the suffix _p.
 */
#define LES_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Hands a pointer over: yields it and leaves NULL behind. */
#define LES_TAKE(p)                                                                                \
	({                                                                                         \
		__typeof__(p) les_taken_ = (p);                                                    \
		(p) = NULL;                                                                        \
		les_taken_;                                                                        \
	})

/* Hands an fd over: yields it and leaves -1 behind. */
#define LES_TAKE_FD(fd)                                                                            \
	({                                                                                         \
		int les_taken_ = (fd);                                                             \
		(fd) = -1;                                                                         \
		les_taken_;                                                                        \
	})

#define LES_DEFINE_CLEANUP(type, free_fn)                                                          \
	static inline void free_fn##_p(type **p)                                                   \
	{                                                                                          \
		if (*p)                                                                            \
			free_fn(*p);                                                               \
	}

/* free() and close() for LES_CLEANUP. errno survives both. */
void les_free_p(void *pointer_to_pointer);
void les_fd_close(int *fd);

#define LES_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
