/* SPDX-License-Identifier: ISC */
/*
 * fault: preloaded into a command, makes the n-th call of one kind fail, once or from then on: of
 * those that the program's own objects make, not what libraries do for themselves.
 *
 *	LEAT_FAULT="read|write|fsync|malloc N once|ever"    N counts from 1, 0 fails never
 *	LEAT_FAULT_END=HEX     where foreign code begins in the program, as nm(1) tells it
 *	LEAT_FAULT_COUNT=FILE  of 64 bytes: calls seen, calls failed
 *
 * Reads fail with EIO, writes with ENOSPC (messages on standard error are let through), fsync with
 * EIO, allocations with ENOMEM. Child processes count on.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { KIND_READ, KIND_WRITE, KIND_FSYNC, KIND_MALLOC, KIND_NONE };

static struct {
	enum kind kind;
	uint64_t at;
	bool ever;
	uintptr_t begin, end; /* of the program's own code */
	_Atomic uint64_t *seen, *failed;
} plan = {.kind = KIND_NONE};

static int find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t *base = arg;

	(void)size;
	*base = info->dlpi_addr;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X)
			plan.end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
				   info->dlpi_phdr[i].p_memsz;
	return 1; /* the program comes first */
}

__attribute__((constructor)) static void prepare(void)
{
	static const char *const names[] = {"read", "write", "fsync", "malloc"};
	const char *text = getenv("LEAT_FAULT"), *end = getenv("LEAT_FAULT_END");
	const char *count = getenv("LEAT_FAULT_COUNT");
	char kind[16], how[16];
	unsigned long long at;
	uintptr_t base = 0;
	int fd;

	if (!text || !count || sscanf(text, "%15s %llu %15s", kind, &at, how) != 3)
		return;
	if ((fd = open(count, O_RDWR | O_CLOEXEC)) < 0)
		return;
	plan.seen = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (plan.seen == MAP_FAILED)
		return;
	plan.failed = plan.seen + 1;
	plan.at = at;
	plan.ever = !strcmp(how, "ever");
	dl_iterate_phdr(find_program, &base);
	plan.begin = base;
	if (end && *end)
		plan.end = base + strtoull(end, NULL, 16);
	for (int i = 0; i < KIND_NONE; i++)
		if (!strcmp(kind, names[i]))
			plan.kind = (enum kind)i;
}

/* Whether this call, made from `caller`, is to fail. */
static bool fails(enum kind kind, const void *caller, int error)
{
	uintptr_t from = (uintptr_t)caller;
	uint64_t n;

	if (kind != plan.kind || from < plan.begin || from >= plan.end)
		return false;
	n = atomic_fetch_add(plan.seen, 1) + 1;
	if (plan.at == 0 || n < plan.at || (n > plan.at && !plan.ever))
		return false;
	atomic_fetch_add(plan.failed, 1);
	errno = error;
	return true;
}

#define CALLER __builtin_return_address(0)

/* The real function, looked up at its first use. */
#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

ssize_t read(int fd, void *to, size_t n)
{
	REAL(read);
	return fails(KIND_READ, CALLER, EIO) ? -1 : real(fd, to, n);
}

ssize_t __read_chk(int fd, void *to, size_t n, size_t size);
ssize_t __read_chk(int fd, void *to, size_t n, size_t size)
{
	REAL(__read_chk);
	return fails(KIND_READ, CALLER, EIO) ? -1 : real(fd, to, n, size);
}

ssize_t pread(int fd, void *to, size_t n, off_t at)
{
	REAL(pread);
	return fails(KIND_READ, CALLER, EIO) ? -1 : real(fd, to, n, at);
}

ssize_t pread64(int fd, void *to, size_t n, off64_t at)
{
	REAL(pread64);
	return fails(KIND_READ, CALLER, EIO) ? -1 : real(fd, to, n, at);
}

ssize_t readv(int fd, const struct iovec *v, int n)
{
	REAL(readv);
	return fails(KIND_READ, CALLER, EIO) ? -1 : real(fd, v, n);
}

ssize_t write(int fd, const void *from, size_t n)
{
	REAL(write);
	return fd != STDERR_FILENO && fails(KIND_WRITE, CALLER, ENOSPC) ? -1 : real(fd, from, n);
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t at)
{
	REAL(pwrite);
	return fails(KIND_WRITE, CALLER, ENOSPC) ? -1 : real(fd, from, n, at);
}

ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at)
{
	REAL(pwrite64);
	return fails(KIND_WRITE, CALLER, ENOSPC) ? -1 : real(fd, from, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	REAL(writev);
	return fd != STDERR_FILENO && fails(KIND_WRITE, CALLER, ENOSPC) ? -1 : real(fd, v, n);
}

int fsync(int fd)
{
	REAL(fsync);
	return fails(KIND_FSYNC, CALLER, EIO) ? -1 : real(fd);
}

int fdatasync(int fd)
{
	REAL(fdatasync);
	return fails(KIND_FSYNC, CALLER, EIO) ? -1 : real(fd);
}

/* The C library's own names: dlsym itself may allocate. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t border, size_t n);

void *malloc(size_t n)
{
	return fails(KIND_MALLOC, CALLER, ENOMEM) ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t n)
{
	return fails(KIND_MALLOC, CALLER, ENOMEM) ? NULL : __libc_calloc(count, n);
}

void *realloc(void *p, size_t n)
{
	return fails(KIND_MALLOC, CALLER, ENOMEM) ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t border, size_t n)
{
	return fails(KIND_MALLOC, CALLER, ENOMEM) ? NULL : __libc_memalign(border, n);
}
