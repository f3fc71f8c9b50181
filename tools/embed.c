/* SPDX-License-Identifier: MIT */
/*
 * Files as a C table, for the build: embed OUT NAME FILE... writes into OUT
 *
 *	const struct embedded NAME[] = {{"file.json", bytes, length}, ..., {0}};
 *
 * (api/embedded.h). Runs on the machine that builds.
 */
#include <stdio.h>
#include <string.h>

enum { PER_LINE = 16 };

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

/* The bytes of one file as an array; its length, or -1. */
static long write_bytes(FILE *out, const char *path, int index)
{
	FILE *in = fopen(path, "rb");
	long len = 0;
	int c;
	if (in == NULL) {
		perror(path);
		return -1;
	}
	fprintf(out, "static const unsigned char file%d[] = {", index);
	for (; (c = getc(in)) != EOF; len++)
		fprintf(out, "%s%d,", len % PER_LINE == 0 ? "\n" : "", c);
	/* A zero that is not counted: texts end with one, and no array is empty. */
	fprintf(out, "0};\n");
	if (ferror(in)) {
		perror(path);
		len = -1;
	}
	fclose(in);
	return len;
}

int main(int argc, char **argv)
{
	enum { FILES_MAX = 256 };
	long len[FILES_MAX];
	if (argc < 4 || argc - 3 > FILES_MAX) {
		fprintf(stderr, "usage: embed OUT NAME FILE...\n");
		return 2;
	}
	FILE *out = fopen(argv[1], "wb");
	if (out == NULL) {
		perror(argv[1]);
		return 1;
	}
	fprintf(out, "#include \"api/embedded.h\"\n");
	for (int i = 3; i < argc; i++) {
		len[i - 3] = write_bytes(out, argv[i], i);
		if (len[i - 3] < 0) {
			fclose(out);
			return 1;
		}
	}
	fprintf(out, "const struct embedded %s[] = {\n", argv[2]);
	for (int i = 3; i < argc; i++)
		fprintf(out, "{\"%s\", file%d, %ld},\n", base_name(argv[i]), i, len[i - 3]);
	fprintf(out, "{0}};\n");
	if (fclose(out) != 0) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
