/* Names of files for what was recorded, made by us: nothing of them can mislead
 * a shell, a file system or a person. */
#ifndef REPORT_OBJECT_NAME_H
#define REPORT_OBJECT_NAME_H

#include "object.h"

/* What the extension tells of a body: what its bytes are; the Content-Type only
 * where that is a closer word for the same (a script among texts, a document
 * among zip files). detected: see detector_type, NULL: not known. Static,
 * without a dot. */
const char *object_extension(const struct object *o, const char *detected);

/* Appends "NNNN-host-name.ext", for the body of a request
 * "NNNN-host-name-request.ext". no: the exchange's number; name: what stands
 * last in the path. Of letters, digits, dots and hyphens of ASCII, at most
 * OBJECT_NAME_MAX bytes long; begins with a digit, hence is no device of
 * Windows, no hidden file and no option. */
#define OBJECT_NAME_MAX 200
void object_name(struct buf *out, size_t no, const struct exchange *e,
		 enum object_side side, const char *extension);

#endif
