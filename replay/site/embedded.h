/* Files that are part of the program: styles, scripts and the like, put in by
 * the assembler. make runs in the folder from which their paths count. */
#ifndef SITE_EMBEDDED_H
#define SITE_EMBEDDED_H

#include "capture/bytes.h"

/* For a .c file alone: name is one of the whole program. */
#define EMBEDDED(name, path)                                                   \
	extern const uint8_t name[], name##_end[];                             \
	__asm__(".pushsection .rodata\n" #name ": .incbin \"" path             \
		"\"\n" #name "_end: .byte 0\n.popsection\n")

#define EMBEDDED_SLICE(name) embedded_between(name, name##_end)

struct slice embedded_between(const uint8_t *from, const uint8_t *to);

/* Appends what lets a style or a script into a page (Content Security Policy
 * Level 3, 2.3.1): 'sha256-...', in single quotes. */
void embedded_source(struct buf *out, struct slice file);

#endif
