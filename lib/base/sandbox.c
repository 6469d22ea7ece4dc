/* SPDX-License-Identifier: ISC */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZER true
#endif
#endif
#ifndef SANITIZER
#define SANITIZER false
#endif

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE                                                                               \
	(ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |               \
		LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define ACCESS_ON_FILES                                                                            \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define ACCESS_ABI_1 ((1ULL << 13) - 1)

/* What every command needs to compute, to move bytes and to end. */
static const int calls_always[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv,
	SYS_pwritev, SYS_lseek, SYS_splice, SYS_tee, SYS_vmsplice, SYS_sendfile, SYS_fstat,
	SYS_ftruncate, SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_close, SYS_dup, SYS_dup3,
	SYS_fcntl, SYS_flock, SYS_fadvise64, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect,
	SYS_madvise, SYS_brk, SYS_futex, SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep,
	SYS_gettimeofday, SYS_getrandom, SYS_getpid, SYS_gettid, SYS_sched_yield,
	SYS_sched_getaffinity, SYS_memfd_create, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_rt_sigsuspend, SYS_sigaltstack, SYS_tgkill, SYS_restart_syscall, SYS_exit,
	SYS_exit_group, SYS_wait4, SYS_ppoll, SYS_pselect6, SYS_getrusage, SYS_uname,
	SYS_newfstatat, /* glibc's fstat(); names are Landlock's and EACCES's business */
#ifdef SYS_poll
	SYS_poll, SYS_select, SYS_time,
#endif
#ifdef SYS_rseq
	SYS_rseq,
#endif
};

static const int calls_to_read[] = {
	SYS_openat, SYS_statx, SYS_getdents64, SYS_faccessat, SYS_readlinkat, SYS_inotify_init1,
	SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_fstatfs,
#ifdef SYS_open
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_getdents,
#endif
};

static const int calls_to_write[] = {
	SYS_openat, SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_linkat, SYS_fchmod, SYS_umask,
	SYS_faccessat, SYS_getdents64,
#ifdef SYS_open
	SYS_open, SYS_rename, SYS_unlink, SYS_link, SYS_access, SYS_lstat, SYS_getdents,
#endif
};

static const int calls_to_make_folders[] = {
	SYS_mkdirat,
#ifdef SYS_mkdir
	SYS_mkdir,
#endif
};

static int landlock_abi(void)
{
	return (int)syscall(
		SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
}

static uint64_t handled_by(int abi)
{
	return ACCESS_ABI_1 | (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
		(abi >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
}

static bool allow_beneath(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access = access};
	struct stat st;
	bool ok;

	beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return errno == ENOENT; /* what is not there cannot be opened either */
	if (fstat(beneath.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		beneath.allowed_access &= ACCESS_ON_FILES;
	ok = !syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(beneath.parent_fd);
	return ok;
}

static bool enter_landlock(const struct sandbox *s)
{
	int abi = landlock_abi(), rules;
	struct landlock_ruleset_attr attr;
	uint64_t handled, write = ACCESS_WRITE;
	bool ok = true;

	if (abi < 1)
		return false;
	handled = handled_by(abi);
	attr = (struct landlock_ruleset_attr){.handled_access_fs = handled};
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules < 0)
		return false;
	for (size_t i = 0; i < s->read_count; i++)
		ok = allow_beneath(rules, s->read_paths[i], ACCESS_READ & handled) && ok;
	if (s->make_folders)
		write |= LANDLOCK_ACCESS_FS_MAKE_DIR;
	if (s->write_beneath)
		ok = allow_beneath(rules, s->write_beneath, write & handled) && ok;
	ok = ok && !syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	return ok;
}

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef THIS_ARCH
#define CALLS_MAX 128

static size_t allow_calls(struct sock_filter *code, size_t at, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		code[at++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0, 1);
		code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	return at;
}

static bool enter_seccomp(const struct sandbox *s)
{
	struct sock_filter code[8 + 2 * CALLS_MAX] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = {.filter = code};
	size_t n = 4;

	_Static_assert(COUNT_OF(calls_always) + COUNT_OF(calls_to_read) +
			COUNT_OF(calls_to_write) + COUNT_OF(calls_to_make_folders) <= CALLS_MAX,
		"too many calls");
	n = allow_calls(code, n, calls_always, COUNT_OF(calls_always));
	if (s->read_count > 0)
		n = allow_calls(code, n, calls_to_read, COUNT_OF(calls_to_read));
	if (s->write_beneath)
		n = allow_calls(code, n, calls_to_write, COUNT_OF(calls_to_write));
	if (s->make_folders)
		n = allow_calls(
			code, n, calls_to_make_folders, COUNT_OF(calls_to_make_folders));
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = (unsigned short)n;
	return !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}
#else
static bool enter_seccomp(const struct sandbox *s)
{
	(void)s;
	return false;
}
#endif

static void lacks(const char *what, bool required)
{
	if (required)
		die(EXIT_OS, "sandbox: %s: not available: LEAT_SANDBOX=require asks for it", what);
	note("sandbox: %s: not available here", what);
}

/* What LEAT_SANDBOX asks for; false if nothing is to be done. */
static bool wanted(bool *required)
{
	const char *wish = getenv("LEAT_SANDBOX");

	*required = wish && !strcmp(wish, "require");
	if (wish && *wish && !*required && strcmp(wish, "off"))
		die(EXIT_USAGE, "LEAT_SANDBOX=%s: must be require or off", wish);
	return !wish || strcmp(wish, "off");
}

void harden_files(const struct sandbox *s)
{
	struct rlimit none = {0, 0}, data = {s->memory, s->memory};
	bool required;

	if (!wanted(&required))
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		lacks("no_new_privs", required);
	if (SANITIZER)
		return;
	setrlimit(RLIMIT_CORE, &none);
	if (s->memory)
		setrlimit(RLIMIT_DATA, &data);
	if (!enter_landlock(s))
		lacks("landlock", required);
}

void harden_calls(const struct sandbox *s)
{
	bool required;

	if (wanted(&required) && !SANITIZER && !enter_seccomp(s))
		lacks("seccomp", required);
}

void harden(const struct sandbox *s)
{
	harden_files(s);
	harden_calls(s);
}

void sandbox_describe(struct str *out)
{
	int abi = landlock_abi();

	if (abi > 0)
		str_addf(out, "landlock: ABI %d\n", abi);
	else
		str_add(out, "landlock: not available\n");
	str_addf(out, "seccomp: %s\n",
		prctl(PR_GET_SECCOMP) >= 0 ? "available" : "not available");
	if (SANITIZER)
		str_add(out, "sanitizer build: no_new_privs only\n");
}
