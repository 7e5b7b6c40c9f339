#ifndef LES_BASE_VECTOR_H
#define LES_BASE_VECTOR_H

/* Put before a function with plain loops over floats: it is compiled once for each of several
 * generations of processors, unrolled and vectorised, and the fitting one is chosen when the
 * program is loaded. Elsewhere than on x86-64 with gcc, and under sanitizers, it does nothing. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LES_VECTORISED                                                                             \
	__attribute__((                                                                            \
		target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"),                      \
		optimize("O3", "no-math-errno", "no-trapping-math", "no-loop-unroll-and-jam")))
#else
#define LES_VECTORISED
#endif

#endif
