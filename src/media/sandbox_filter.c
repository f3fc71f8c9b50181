/* SPDX-License-Identifier: MIT */
#include "media/sandbox_int.h"

#include <sys/mman.h>

/* What an argument must be: (argument & mask) == value; a zero mask asks nothing. */
struct condition {
	unsigned argument;
	uint64_t mask, value;
};

enum { CONDITIONS = 2 };

#define ALL_BITS UINT64_C(0xFFFFFFFF)
#define FD_IS(fd) .condition = {{0, ALL_BITS, (fd)}}
#define NEVER_EXEC              \
	{                       \
		2, PROT_EXEC, 0 \
	}
#define OWN_MEMORY                                                                       \
	{                                                                                \
		3, MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS \
	}

/*
 * What decoding calls once it has been warmed up: messages, memory, locks. Calls that a
 * processor does not have (mmap2, futex_time64, ...) are left out there by libseccomp.
 */
static const struct rule {
	int call;
	struct condition condition[CONDITIONS];
} rules[] = {
	{SCMP_SYS(read), FD_IS(SANDBOX_SOCKET)},
	{SCMP_SYS(write), FD_IS(SANDBOX_SOCKET)},
	{SCMP_SYS(write), FD_IS(2)}, /* /dev/null: a library's complaint is no crime */
	{SCMP_SYS(mmap), .condition = {NEVER_EXEC, OWN_MEMORY}},
	{SCMP_SYS(mmap2), .condition = {NEVER_EXEC, OWN_MEMORY}},
	{SCMP_SYS(mprotect), .condition = {NEVER_EXEC}},
	{SCMP_SYS(madvise), .condition = {{2, ALL_BITS, MADV_DONTNEED}}},
	{SCMP_SYS(brk)},
	{SCMP_SYS(munmap)},
	{SCMP_SYS(mremap)},
	{SCMP_SYS(futex)},
	{SCMP_SYS(futex_time64)},
	{SCMP_SYS(clock_gettime)},
	{SCMP_SYS(clock_gettime64)},
	{SCMP_SYS(restart_syscall)},
	{SCMP_SYS(exit)},
	{SCMP_SYS(exit_group)},
};

static int add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
	struct scmp_arg_cmp compare[CONDITIONS];
	unsigned count = 0;
	for (; count < CONDITIONS && rule->condition[count].mask != 0; count++) {
		const struct condition *c = &rule->condition[count];
		compare[count] = (struct scmp_arg_cmp){.arg = c->argument,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = c->mask,
			.datum_b = c->value};
	}
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->call, count, compare);
}

scmp_filter_ctx sandbox_filter_new(uint32_t arch)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL)
		return NULL;
	int code = 0;
	if (arch != 0 && arch != seccomp_arch_native()) {
		code = seccomp_arch_add(filter, arch);
		if (code == 0)
			code = seccomp_arch_remove(filter, seccomp_arch_native());
	}
	/* Calls in another processor's numbering (32-bit ones, say) are no way round. */
	if (code == 0)
		code = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (size_t i = 0; code == 0 && i < sizeof(rules) / sizeof(rules[0]); i++)
		code = add_rule(filter, &rules[i]);
	if (code != 0) {
		seccomp_release(filter);
		return NULL;
	}
	/*
	 * Kernels before 5.16 forbid speculative stores to whoever has a filter, which slows
	 * decoding. It guards secrets inside one process; this one has none. Kernels that do not
	 * know the switch do not mind.
	 */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	return filter;
}
