/* SPDX-License-Identifier: MIT */
/* The decoder's filter on every processor: libseccomp writes it, a small interpreter runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "media/sandbox_int.h"

enum { PROGRAM_MAX = 4096 };

struct program {
	struct sock_filter code[PROGRAM_MAX];
	size_t count;
};

static uint32_t load_word(const struct seccomp_data *data, uint32_t at)
{
	uint32_t word;
	assert_true(at % 4 == 0 && at + 4 <= sizeof(*data));
	memcpy(&word, (const char *)data + at, 4);
	return word;
}

/* Classic BPF, as much of it as libseccomp writes (linux/filter.h). */
static uint32_t run_filter(const struct program *p, const struct seccomp_data *data)
{
	uint32_t a = 0;
	for (size_t at = 0; at < p->count; at++) {
		const struct sock_filter *f = &p->code[at];
		bool yes = false;
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load_word(data, f->k);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			continue;
		case BPF_RET | BPF_K:
			return f->k;
		case BPF_JMP | BPF_JA:
			at += f->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == f->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > f->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= f->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = (a & f->k) != 0;
			break;
		default:
			fail_msg("an instruction of code %x", f->code);
		}
		at += yes ? f->jt : f->jf;
	}
	fail_msg("the filter has no end");
	return 0;
}

static void export_filter(uint32_t arch, struct program *p)
{
	scmp_filter_ctx filter = sandbox_filter_new(arch);
	assert_non_null(filter);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	assert_int_equal(seccomp_export_bpf(filter, fd), 0);
	seccomp_release(filter);
	ssize_t got = pread(fd, p->code, sizeof(p->code), 0);
	close(fd);
	assert_true(got > 0 && (size_t)got < sizeof(p->code));
	p->count = (size_t)got / sizeof(p->code[0]);
}

struct call {
	const char *name;
	uint64_t args[6];
};

static bool allowed(const struct program *p, uint32_t arch, uint32_t token, const struct call *call)
{
	int number = seccomp_syscall_resolve_name_arch(arch, call->name);
	assert_true(number >= 0);
	struct seccomp_data data = {.nr = number, .arch = token};
	memcpy(data.args, call->args, sizeof(data.args));
	uint32_t action = run_filter(p, &data);
	assert_true(action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_KILL_PROCESS);
	return action == SECCOMP_RET_ALLOW;
}

static const struct {
	uint32_t arch, token;
	const char *map;
} archs[] = {
	{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, "mmap"},
	{SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, "mmap"},
	{SCMP_ARCH_ARM, AUDIT_ARCH_ARM, "mmap2"},
};
static const struct call yes[] = {
	{"read", {SANDBOX_SOCKET}},
	{"write", {SANDBOX_SOCKET}},
	{"write", {2}},
	{"mprotect", {0x1000, 0x1000, PROT_READ | PROT_WRITE}},
	{"madvise", {0x1000, 0x1000, MADV_DONTNEED}},
	{"brk", {0}},
	{"munmap", {0}},
	{"mremap", {0}},
	{"futex", {0}},
	{"exit_group", {0}},
};
static const struct call no[] = {
	{"read", {0}},
	{"read", {SANDBOX_MEMORY}},
	{"read", {UINT64_C(1) << 31}},
	{"write", {1}},
	{"write", {SANDBOX_MEMORY}},
	{"mprotect", {0x1000, 0x1000, PROT_READ | PROT_EXEC}},
	{"madvise", {0x1000, 0x1000, MADV_HWPOISON}},
	{"openat", {0}},
	{"socket", {0}},
	{"connect", {0}},
	{"sendto", {SANDBOX_SOCKET}},
	{"sendmsg", {SANDBOX_SOCKET}},
	{"recvmsg", {SANDBOX_SOCKET}},
	{"clone", {0}},
	{"clone3", {0}},
	{"execve", {0}},
	{"execveat", {0}},
	{"ptrace", {0}},
	{"process_vm_readv", {0}},
	{"kill", {0}},
	{"tgkill", {0}},
	{"prctl", {0}},
	{"seccomp", {0}},
	{"ioctl", {0}},
	{"io_uring_setup", {0}},
	{"bpf", {0}},
	{"unlinkat", {0}},
	{"dup", {SANDBOX_SOCKET}},
	{"close", {SANDBOX_SOCKET}},
	{"ftruncate", {SANDBOX_MEMORY}},
	{"prlimit64", {0}},
	{"nanosleep", {0}},
};

static void the_filter_is_right_on_every_processor(void **state)
{
	(void)state;
	struct program *p = test_malloc(sizeof(*p));
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++) {
		export_filter(archs[i].arch, p);
		for (size_t k = 0; k < sizeof(yes) / sizeof(yes[0]); k++)
			if (!allowed(p, archs[i].arch, archs[i].token, &yes[k]))
				fail_msg("%s is forbidden", yes[k].name);
		for (size_t k = 0; k < sizeof(no) / sizeof(no[0]); k++)
			if (allowed(p, archs[i].arch, archs[i].token, &no[k]))
				fail_msg("%s is allowed", no[k].name);
		const uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS;
		struct call map = {archs[i].map, {0, 4096, PROT_READ | PROT_WRITE, flags}};
		assert_true(allowed(p, archs[i].arch, archs[i].token, &map));
		map.args[2] |= PROT_EXEC;
		assert_false(allowed(p, archs[i].arch, archs[i].token, &map));
		map.args[2] = PROT_READ;
		map.args[3] = MAP_PRIVATE;
		assert_false(allowed(p, archs[i].arch, archs[i].token, &map));
		/* The same numbers from another instruction set. */
		assert_false(allowed(p, archs[i].arch, AUDIT_ARCH_I386, &yes[0]));
		/* x32 on x86-64. */
		struct seccomp_data data = {
			.nr = 0x40000000, .arch = archs[i].token, .args = {SANDBOX_SOCKET}};
		assert_int_equal(run_filter(p, &data), SECCOMP_RET_KILL_PROCESS);
	}
	test_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_filter_is_right_on_every_processor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
