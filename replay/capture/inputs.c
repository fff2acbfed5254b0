/* The options that the programs have in common. */
#include "inputs.h"

#include "log.h"

#include <stdlib.h>

static void add(const char ***list, size_t *count, const char *value)
{
	*list = xreallocarray((void *)*list, *count + 1, sizeof **list);
	(*list)[(*count)++] = value;
}

bool inputs_take(struct inputs *i, int key, const char *value)
{
	if (key == INPUTS_KEYLOG)
		add(&i->keylogs, &i->keylog_count, value);
	else if (key == INPUTS_KEY)
		add(&i->keys, &i->key_count, value);
	else
		return false;
	return true;
}

/* A log that holds nothing of use is told: it was given for a reason. */
static int read_keylog(struct inputs *i, const char *path)
{
	struct keylog_counts before = *keylog_counts(i->secrets->keylog);
	if (keylog_read(i->secrets->keylog, path))
		return -1;
	const struct keylog_counts *c = keylog_counts(i->secrets->keylog);
	if (c->bad > before.bad)
		log_warn("%s: %llu lines are none of a key log", path,
			 (unsigned long long)(c->bad - before.bad));
	if (c->differing > before.differing)
		log_warn("%s: %llu lines contradict earlier ones, which count",
			 path,
			 (unsigned long long)(c->differing - before.differing));
	if (c->dropped > before.dropped)
		log_warn("%s: %llu secrets left out: more than %u in all", path,
			 (unsigned long long)(c->dropped - before.dropped),
			 KEYLOG_MAX);
	if (!c->secrets)
		log_warn("%s: no secrets in it", path);
	return 0;
}

int inputs_read(struct inputs *i)
{
	i->secrets = secrets_new();
	for (size_t k = 0; k < i->keylog_count; k++)
		if (read_keylog(i, i->keylogs[k]))
			return -1;
	for (size_t k = 0; k < i->key_count; k++)
		if (tls_rsa_read(i->secrets->rsa, i->keys[k]))
			return -1;
	return 0;
}

void inputs_release(struct inputs *i)
{
	free((void *)i->keylogs);
	free((void *)i->keys);
	secrets_free(i->secrets);
	*i = (struct inputs){0};
}
