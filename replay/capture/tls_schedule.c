/* The keys of a TLS connection, as its handshake comes to them. */
#include "tls_schedule.h"

#define PREMASTER_KEY_LEN 8 /* as key logs have it */

/* ---- keys up to TLS 1.2 ---- */

static struct slice random_of(const struct tls_session *s)
{
	return (struct slice){s->agreed.client_random, TLS_RANDOM_LEN};
}

static struct tls_protection protection_of(const struct tls_session *s)
{
	return (struct tls_protection){
	    .version = s->told.version,
	    .suite = s->told.suite,
	    .encrypt_then_mac = s->agreed.encrypt_then_mac,
	};
}

static struct tls_agreed agreed_of(const struct tls_session *s)
{
	return (struct tls_agreed){
	    .version = s->told.version,
	    .hash = s->told.suite.hash,
	    .client_random = s->agreed.client_random,
	    .server_random = s->agreed.server_random,
	};
}

/* Of RSA key transport: from a key log, or by a server's key. */
static bool find_premaster(const struct tls_session *s,
			   uint8_t out[TLS_PREMASTER_LEN])
{
	struct slice encrypted = buf_slice(&s->agreed.premaster);
	if (!s->told.suite.rsa || encrypted.len < PREMASTER_KEY_LEN)
		return false;
	struct slice known =
	    keylog_find(s->secrets->keylog, KEYLOG_PREMASTER,
			slice_to(encrypted, PREMASTER_KEY_LEN));
	if (known.len) {
		memcpy(out, known.data, TLS_PREMASTER_LEN);
		return true;
	}
	return tls_rsa_decrypt(s->secrets->rsa, encrypted,
			       s->agreed.client_version, out);
}

static bool make_master(const struct tls_session *s,
			uint8_t master[TLS_MASTER_LEN])
{
	const struct tls_agreement *g = &s->agreed;
	struct tls_agreed a = agreed_of(s);
	uint8_t premaster[TLS_PREMASTER_LEN], hash[TLS_HASH_MAX] = {0};
	if (!g->exchanged || !find_premaster(s, premaster))
		return false;
	size_t hash_len = 0;
	if (g->extended_master) {
		struct buf all = {0};
		buf_add(&all, buf_slice(&g->said[TLS_SERVER]));
		buf_add(&all, buf_slice(&g->said[TLS_CLIENT]));
		hash_len = tls_session_hash(&a, buf_slice(&all), hash);
		buf_release(&all);
		if (!hash_len)
			return false;
	}
	return tls_master(&a, (struct slice){premaster, sizeof premaster},
			  (struct slice){hash, hash_len}, master);
}

/* Of the session as another connection had it. What a server calls a session
 * that a ticket resumes, the client made up (RFC 5077 3.4). */
static bool resume_master(const struct tls_session *s,
			  uint8_t master[TLS_MASTER_LEN])
{
	const struct tls_agreement *g = &s->agreed;
	struct tls_resumption *all = s->secrets->sessions;
	struct slice id = {g->session, g->session_len};
	return (!g->full && tls_resumption_find(all, TLS_SESSION_TICKET,
						buf_slice(&g->offered), master,
						TLS_MASTER_LEN)) ||
	       tls_resumption_find(all, TLS_SESSION_ID, id, master,
				   TLS_MASTER_LEN);
}

void schedule_pass_on(struct tls_session *s)
{
	struct tls_agreement *g = &s->agreed;
	struct tls_resumption *all = s->secrets->sessions;
	struct slice master = {g->master, sizeof g->master};
	struct slice id = {g->session, g->session_len};
	if (g->passed_on || !g->has_block || !s->sides[TLS_SERVER].changed)
		return;
	g->passed_on = true;
	tls_resumption_add(all, TLS_SESSION_ID, id, master);
	tls_resumption_add(all, TLS_SESSION_TICKET, buf_slice(&g->given),
			   master);
	if (!g->full)
		tls_resumption_add(all, TLS_SESSION_TICKET,
				   buf_slice(&g->offered), master);
}

static bool find_master(const struct tls_session *s,
			uint8_t master[TLS_MASTER_LEN])
{
	const struct tls_agreement *g = &s->agreed;
	struct slice known =
	    keylog_find(s->secrets->keylog, KEYLOG_MASTER, random_of(s));
	if (!known.len && g->session_len)
		known = keylog_find(s->secrets->keylog, KEYLOG_SESSION,
				    (struct slice){g->session, g->session_len});
	if (!known.len)
		return make_master(s, master) || resume_master(s, master);
	memcpy(master, known.data, TLS_MASTER_LEN);
	return true;
}

bool schedule_block(struct tls_session *s)
{
	struct tls_agreement *g = &s->agreed;
	struct tls_protection p = protection_of(s);
	struct tls_agreed a = agreed_of(s);
	if (g->has_block)
		return true;
	if (!g->answered || !s->told.suite.name || !find_master(s, g->master))
		return false;
	g->has_block =
	    tls_key_block(&a, g->master, g->block, tls_cipher_key_block(&p));
	return g->has_block;
}

void schedule_change_cipher(struct tls_session *s, enum tls_end end)
{
	struct tls_side *side = &s->sides[end];
	struct tls_protection p = protection_of(s);
	struct tls_cipher *cipher = NULL;
	if (!schedule_block(s))
		s->told.lacks_secret |= s->told.suite.name != NULL;
	else if (!(cipher = tls_cipher_from_block(s->secrets->library, &p,
						  s->agreed.block, (int)end)))
		s->told.lacks_cipher = true;
	tls_channel_key(&side->channel, cipher);
	tls_messages_drop(&side->messages);
	side->protected = side->changed = true;
}

/* ---- keys of TLS 1.3 ---- */

/* The secret of an epoch. Returns its length; 0 if it is not known. */
static size_t epoch_secret(const struct tls_session *s, enum tls_end end,
			   unsigned epoch, uint8_t out[KEYLOG_SECRET_MAX])
{
	static const enum keylog_label labels[2][4] = {
	    {0, KEYLOG_EARLY, KEYLOG_CLIENT_HANDSHAKE, KEYLOG_CLIENT_TRAFFIC},
	    {0, 0, KEYLOG_SERVER_HANDSHAKE, KEYLOG_SERVER_TRAFFIC},
	};
	const struct tls_side *side = &s->sides[end];
	size_t len = tls_hash_len(s->told.suite.hash);
	if (epoch > EPOCH_TRAFFIC) {
		struct slice before = {side->secret, side->secret_len};
		return before.len &&
			       tls_expand_label(s->told.suite.hash, before,
						"traffic upd", out, len)
			   ? len
			   : 0;
	}
	struct slice known =
	    keylog_find(s->secrets->keylog, labels[end][epoch], random_of(s));
	if (known.len != len)
		return 0;
	memcpy(out, known.data, len);
	return len;
}

bool schedule_has_secrets(const struct tls_session *s)
{
	for (int label = KEYLOG_EARLY; label <= KEYLOG_SERVER_TRAFFIC; label++)
		if (keylog_find(s->secrets->keylog, (enum keylog_label)label,
				random_of(s))
			.len)
			return true;
	return false;
}

/* NULL if it cannot be had. */
static struct tls_cipher *epoch_cipher(struct tls_session *s, enum tls_end end,
				       unsigned epoch,
				       uint8_t secret[KEYLOG_SECRET_MAX],
				       size_t *secret_len)
{
	struct tls_protection p = protection_of(s);
	*secret_len =
	    s->told.suite.name ? epoch_secret(s, end, epoch, secret) : 0;
	if (!*secret_len)
		return NULL;
	struct tls_cipher *cipher = tls_cipher_from_secret(
	    s->secrets->library, &p, (struct slice){secret, *secret_len});
	s->told.lacks_cipher |= !cipher;
	return cipher;
}

static void note_epoch(struct tls_side *side, unsigned epoch,
		       const uint8_t *secret, size_t secret_len)
{
	side->epoch = epoch;
	side->secret_len = secret_len;
	memcpy(side->secret, secret, secret_len);
}

void schedule_enter(struct tls_session *s, enum tls_end end, unsigned epoch)
{
	struct tls_side *side = &s->sides[end];
	uint8_t secret[KEYLOG_SECRET_MAX];
	size_t len;
	tls_channel_key(&side->channel,
			epoch_cipher(s, end, epoch, secret, &len));
	tls_messages_drop(&side->messages);
	note_epoch(side, epoch, secret, len);
}

bool schedule_open_later(struct tls_session *s, enum tls_end end,
			 const struct tls_wire *w, uint8_t *room,
			 struct tls_content *content)
{
	struct tls_side *side = &s->sides[end];
	unsigned last =
	    side->epoch < EPOCH_TRAFFIC ? EPOCH_TRAFFIC : side->epoch + 1;
	for (unsigned epoch = side->epoch + 1; epoch <= last; epoch++) {
		uint8_t secret[KEYLOG_SECRET_MAX];
		size_t len;
		struct tls_cipher *cipher =
		    epoch_cipher(s, end, epoch, secret, &len);
		if (!cipher || !tls_channel_open_later(&side->channel, cipher,
						       w, room, content))
			continue;
		tls_messages_drop(&side->messages);
		note_epoch(side, epoch, secret, len);
		return true;
	}
	return false;
}
