/* In which frame of which capture file an exchange begins. */
#include "frames.h"

#include "capture/progress.h"

struct frame_place *frames_find(const struct recording *r)
{
	struct frame_place *places = xcalloc(r->count + 1, sizeof *places);
	struct frame f;
	size_t i = 0;
	source_rewind(r->source);
	/* Exchanges stand in the order of their positions, as frames do. */
	while (i < r->count && source_next(r->source, &f)) {
		uint64_t start = source_position(r->source, f.home);
		uint64_t end = start + f.data.len;
		for (; i < r->count && r->exchanges[i].position < end; i++)
			if (r->exchanges[i].position >= start)
				places[i] = (struct frame_place){
				    source_number(r->source),
				    source_file(r->source)};
	}
	progress_end(source_progress(r->source));
	return places;
}
