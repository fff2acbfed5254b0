/* SETTINGS_HEADER_TABLE_SIZE as one side of an HTTP/2 connection told it. */
#include "h2_settings.h"

#define ENTRY_LEN 6
#define HEADER_TABLE_SIZE 1

enum h2_setting h2_settings_read(struct slice payload, uint32_t *size)
{
	struct reader r = reader_of(payload);
	enum h2_setting result = H2_SETTING_NONE;
	while (reader_left(&r) >= ENTRY_LEN) {
		uint16_t id = reader_u16(&r);
		uint32_t value = reader_u32(&r);
		if (id != HEADER_TABLE_SIZE)
			continue;
		*size = value;
		result = H2_SETTING_FOUND;
	}
	return result;
}

static enum h2_setting read_frame(struct h2_settings *s,
				  const struct h2_frame *f, uint32_t *size)
{
	struct h2_payload p = h2_payload_of(&s->c, f);
	enum h2_setting result = H2_SETTING_NONE;
	uint8_t entry[ENTRY_LEN];
	while (h2_payload_copy(&p, entry, sizeof entry))
		if (h2_settings_read((struct slice){entry, sizeof entry},
				     size) == H2_SETTING_FOUND)
			result = H2_SETTING_FOUND;
	h2_payload_end(&p);
	return p.gap ? H2_SETTING_UNKNOWN : result;
}

enum h2_setting h2_settings_next(struct h2_settings *s, uint32_t *size)
{
	struct h2_frame f;
	while (!s->lost && h2_frame_next(&s->c, &f) == H2_FRAME) {
		if (f.type == H2_SETTINGS && !(f.flags & H2_ACK))
			return read_frame(s, &f, size);
		struct h2_payload p = h2_payload_of(&s->c, &f);
		h2_payload_end(&p);
	}
	s->lost = true;
	return H2_SETTING_UNKNOWN;
}
