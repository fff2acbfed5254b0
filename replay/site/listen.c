/* Addresses to listen on, as people write them. */
#include "site.h"

/* The port behind text's last colon; text is cut before it. */
static bool take_port(struct slice *text, struct listen *l)
{
	size_t at = text->len;
	while (at > 0 && text->data[at - 1] != ':')
		at--;
	uint64_t port;
	if (!at || !slice_number(slice_from(*text, at), UINT16_MAX, &port))
		return false;
	*text = slice_to(*text, at - 1);
	l->one_port = true;
	l->port = (uint16_t)port;
	return true;
}

bool listen_parse(const char *string, struct listen *l)
{
	struct slice text = slice_of(string);
	*l = (struct listen){0};
	if (address_parse(text, &l->address))
		return true;
	if (!text.len)
		return false;
	if (text.data[text.len - 1] != ']' && !take_port(&text, l))
		return false;
	if (text.len < 2 || text.data[0] != '[')
		return address_parse(text, &l->address) &&
		       l->address.version == 4;
	return text.data[text.len - 1] == ']' &&
	       address_parse(slice_to(slice_from(text, 1), text.len - 2),
			     &l->address) &&
	       l->address.version == 6;
}
