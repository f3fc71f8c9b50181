/* SPDX-License-Identifier: MIT */
/* The chain from the inside. Shared inside src/store only; as a store. */
#ifndef STORE_AUDIT_INT_H
#define STORE_AUDIT_INT_H

#include "store/audit.h"

/* Puts a row at the end of the chain, within a change; fills its seq. */
enum err audit_append(struct store *s, struct audit_row *row, struct error *why) MUST_USE;
/* Of the migration: chains what is in audit_old, by time, and drops it. */
enum err audit_chain_old(struct store *s, struct error *why) MUST_USE;

#endif
