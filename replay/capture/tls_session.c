/* A TLS connection as both its ends see it. */
#include "tls_session.h"

#include "tls_schedule.h"

#define SAID_MAX ((size_t)1 << 18) /* of the messages to be hashed */
#define ALERT_CLOSE_NOTIFY 0

void tls_session_begin(struct tls_session *s, const struct secrets *secrets)
{
	*s = (struct tls_session){.secrets = secrets};
}

static void agreement_release(struct tls_agreement *a)
{
	buf_release(&a->said[0]);
	buf_release(&a->said[1]);
	buf_release(&a->premaster);
	buf_release(&a->offered);
	buf_release(&a->given);
	*a = (struct tls_agreement){0};
}

void tls_session_release(struct tls_session *s)
{
	for (int i = 0; i < 2; i++) {
		tls_messages_release(&s->sides[i].messages);
		tls_channel_release(&s->sides[i].channel);
	}
	agreement_release(&s->agreed);
	buf_release(&s->told.server_name);
	buf_release(&s->told.alpn);
	buf_release(&s->told.chain);
}

static bool is_13(const struct tls_session *s)
{
	return s->told.version >= TLS_1_3;
}

bool tls_session_is_hopeless(const struct tls_session *s)
{
	const struct tls_told *t = &s->told;
	return t->version && (!t->suite.name || t->lacks_cipher ||
			      (t->lacks_secret && !s->sides[0].channel.cipher &&
			       !s->sides[1].channel.cipher));
}

bool tls_session_may_resume(const struct tls_session *s)
{
	const struct tls_agreement *g = &s->agreed;
	if (!g->answered || is_13(s) || !s->told.lacks_secret)
		return false;
	/* A full handshake only if a key log tells of one that resumes it. */
	if (g->full)
		return g->session_len &&
		       keylog_counts(s->secrets->keylog)->secrets;
	return g->session_len || g->offered.len;
}

bool tls_session_is_open(const struct tls_session *s, enum tls_end end)
{
	const struct tls_side *side = &s->sides[end];
	if (is_13(s))
		return side->epoch == EPOCH_EARLY ||
		       side->epoch >= EPOCH_TRAFFIC;
	/* Behind the Finished message, which has number 0. */
	return side->protected && side->channel.sequence > 0;
}

/* ---- the client's messages ---- */

static void remember(struct tls_session *s, enum tls_end end,
		     struct slice message)
{
	struct tls_agreement *g = &s->agreed;
	uint8_t type = message.data[0];
	/* A ticket comes behind it, a HelloRequest never counts. */
	if (type == HANDSHAKE_NEW_SESSION_TICKET ||
	    type == HANDSHAKE_HELLO_REQUEST)
		return;
	if (!g->exchanged && g->said[end].len + message.len <= SAID_MAX)
		buf_add(&g->said[end], message);
}

static void greet(struct tls_session *s, const struct hello *h)
{
	struct tls_agreement *g = &s->agreed;
	agreement_release(g);
	memcpy(g->client_random, h->random.data, h->random.len);
	g->client_version = h->version;
	buf_add(&g->offered, tls_hello_ticket(h));
	s->sides[TLS_CLIENT].changed = s->sides[TLS_SERVER].changed = false;
	s->offers_early = tls_hello_has_early_data(h);
	if (!s->told.server_name.len)
		buf_add(&s->told.server_name, hello_name(h));
}

/* False if it has to wait: in TLS up to 1.2 until the server is through with
 * the handshake before. */
static bool take_client_hello(struct tls_session *s, struct slice message)
{
	struct hello h;
	bool known = s->told.version && !is_13(s);
	if (known && !s->sides[TLS_SERVER].changed && !s->forced)
		return false;
	if (!hello_parse(&h, message) || h.random.len != TLS_RANDOM_LEN)
		return true;
	/* The second one has the same random and no data. */
	if (s->retried)
		s->offers_early = false;
	else
		greet(s, &h);
	/* The server's messages are hashed behind the client's first. */
	buf_add(&s->agreed.said[TLS_SERVER], message);
	s->retried = false;
	s->greeted = s->waiting = true;
	return true;
}

static void take_key_exchange(struct tls_session *s, struct slice message)
{
	struct tls_agreement *g = &s->agreed;
	buf_clear(&g->premaster);
	buf_add(&g->premaster, tls_key_exchange_read(message, s->told.version));
	g->exchanged = true;
}

static void take_certificates(struct tls_session *s, enum tls_end end,
			      struct slice message)
{
	struct buf chain = {0};
	tls_certificates_read(message, s->told.version, &chain);
	if (end == TLS_CLIENT)
		s->told.sends_certificate |= chain.len > 0;
	else if (!s->told.chain.len)
		buf_add(&s->told.chain, buf_slice(&chain));
	buf_release(&chain);
}

/* ---- the server's messages ---- */

static void agree(struct tls_session *s, const struct tls_server_hello *h)
{
	struct tls_agreement *g = &s->agreed;
	struct tls_told *t = &s->told;
	memcpy(g->server_random, h->random.data, TLS_RANDOM_LEN);
	g->session_len =
	    h->session.len <= sizeof g->session ? h->session.len : 0;
	memcpy(g->session, h->session.data, g->session_len);
	g->encrypt_then_mac = h->encrypt_then_mac;
	g->extended_master = h->extended_master;
	g->answered = true;
	t->version = h->version;
	t->suite_id = h->suite;
	t->compressed |= h->compression != 0;
	t->suite.name = NULL;
	if (!h->compression)
		tls_suite_of(h->suite, &t->suite);
	if (h->alpn.len && !t->alpn.len)
		buf_add(&t->alpn, h->alpn);
}

/* False if it has to wait for the ClientHello that it answers. */
static bool take_server_hello(struct tls_session *s, struct slice message)
{
	struct tls_server_hello h;
	if (!s->waiting)
		return s->forced;
	if (!tls_server_hello_read(&h, message))
		return true;
	s->waiting = false;
	agree(s, &h);
	remember(s, TLS_SERVER, message);
	if (!is_13(s))
		return true;
	s->told.lacks_secret |= !schedule_has_secrets(s);
	s->retried = h.retry;
	if (h.retry)
		return true;
	schedule_enter(s, TLS_SERVER, EPOCH_HANDSHAKE);
	if (!s->offers_early)
		schedule_enter(s, TLS_CLIENT, EPOCH_HANDSHAKE);
	return true;
}

/* What becomes of the client's early data. */
static void decide_early(struct tls_session *s, bool taken)
{
	s->extensions_seen = true;
	if (!s->offers_early)
		return;
	schedule_enter(s, TLS_CLIENT, taken ? EPOCH_EARLY : EPOCH_HANDSHAKE);
	s->sides[TLS_CLIENT].skipping = !taken;
}

static void take_extensions(struct tls_session *s, struct slice message)
{
	struct tls_extensions e;
	tls_extensions_read(&e, message);
	if (e.alpn.len && !s->told.alpn.len)
		buf_add(&s->told.alpn, e.alpn);
	if (!s->extensions_seen)
		decide_early(s, e.early_data);
}

/* ---- all messages ---- */

static void take_13(struct tls_session *s, enum tls_end end, uint8_t type,
		    struct slice message)
{
	unsigned epoch = s->sides[end].epoch;
	switch (type) {
	case HANDSHAKE_ENCRYPTED_EXTENSIONS:
		if (end == TLS_SERVER && epoch == EPOCH_HANDSHAKE)
			take_extensions(s, message);
		break;
	case HANDSHAKE_END_OF_EARLY_DATA:
		if (end == TLS_CLIENT && epoch == EPOCH_EARLY)
			schedule_enter(s, end, EPOCH_HANDSHAKE);
		break;
	case HANDSHAKE_FINISHED:
		/* Behind later authentication of a client there is another. */
		if (epoch == EPOCH_HANDSHAKE)
			schedule_enter(s, end, EPOCH_TRAFFIC);
		break;
	case HANDSHAKE_KEY_UPDATE:
		if (epoch >= EPOCH_TRAFFIC)
			schedule_enter(s, end, epoch + 1);
		break;
	}
}

/* A message of the handshake at hand, up to TLS 1.2. */
static void take_agreement(struct tls_session *s, enum tls_end end,
			   uint8_t type, struct slice message)
{
	struct tls_agreement *g = &s->agreed;
	remember(s, end, message);
	g->full |= type == HANDSHAKE_CERTIFICATE ||
		   type == HANDSHAKE_SERVER_HELLO_DONE ||
		   type == HANDSHAKE_CLIENT_KEY_EXCHANGE;
	if (type != HANDSHAKE_NEW_SESSION_TICKET || end != TLS_SERVER)
		return;
	buf_clear(&g->given);
	buf_add(&g->given, tls_ticket_read(message));
}

/* False if the message has to wait for the other side. */
static bool take_message(struct tls_session *s, enum tls_end end,
			 struct slice message)
{
	uint8_t type = message.data[0];
	if (type == HANDSHAKE_CLIENT_HELLO)
		return end != TLS_CLIENT || take_client_hello(s, message);
	if (type == HANDSHAKE_SERVER_HELLO)
		return end != TLS_SERVER || take_server_hello(s, message);
	if (type == HANDSHAKE_CERTIFICATE)
		take_certificates(s, end, message);
	if (type == HANDSHAKE_CERTIFICATE_REQUEST && end == TLS_SERVER)
		s->told.asks_certificate = true;
	if (is_13(s)) {
		take_13(s, end, type, message);
		return true;
	}
	if (s->agreed.answered && !s->sides[end].changed)
		take_agreement(s, end, type, message);
	if (type == HANDSHAKE_CLIENT_KEY_EXCHANGE && end == TLS_CLIENT)
		take_key_exchange(s, message);
	return true;
}

bool tls_session_go_on(struct tls_session *s, enum tls_end end)
{
	struct tls_side *side = &s->sides[end];
	struct slice message;
	while (tls_messages_first(&side->messages, &message)) {
		/* Another epoch drops the messages. */
		unsigned epoch = side->epoch;
		if (!take_message(s, end, message))
			return false;
		if (side->epoch == epoch)
			tls_messages_pass(&side->messages);
	}
	return true;
}

/* ---- records ---- */

static bool waits_for_keys(struct tls_session *s, enum tls_end end)
{
	if (s->waiting)
		return true;
	/* Of a server's key the client's key exchange makes use, which comes
	 * first but in a resumed session. */
	return end == TLS_SERVER && !s->agreed.exchanged && !schedule_block(s);
}

bool tls_session_is_ready(struct tls_session *s, enum tls_end end, uint8_t type)
{
	bool unknown = !s->told.version;
	if (s->forced)
		return true;
	if (end == TLS_SERVER && !s->greeted)
		return false;
	if (end == TLS_CLIENT && s->waiting && (unknown || is_13(s)))
		return false;
	if (is_13(s))
		return end != TLS_CLIENT || type != TLS_APPLICATION_DATA ||
		       !s->offers_early || s->extensions_seen || s->retried;
	return unknown || type != TLS_CHANGE_CIPHER_SPEC ||
	       !waits_for_keys(s, end);
}

static bool take_opened(struct tls_session *s, enum tls_end end,
			const struct tls_content *content)
{
	struct tls_side *side = &s->sides[end];
	struct slice bytes = content->bytes;
	if (content->skipped)
		tls_messages_drop(&side->messages);
	if (content->type == TLS_APPLICATION_DATA)
		return !side->closed;
	if (content->type == TLS_HANDSHAKE) {
		tls_messages_add(&side->messages, bytes);
		tls_session_go_on(s, end);
	}
	if (content->type == TLS_ALERT && bytes.len == 2 &&
	    bytes.data[1] == ALERT_CLOSE_NOTIFY)
		side->closed = true;
	/* What was lost before it was data all the same. */
	return content->lost > 0;
}

/* Of a handshake nobody misses anything: up to TLS 1.2 that is the Finished
 * message alone. */
static uint64_t data_lost(const struct tls_session *s, enum tls_end end,
			  bool was_open, const struct tls_content *content)
{
	if (was_open)
		return content->lost;
	if (!tls_session_is_open(s, end))
		return 0;
	return content->skipped > (is_13(s) ? 0 : 1) ? content->lost : 0;
}

static bool take_protected(struct tls_session *s, enum tls_end end,
			   const struct tls_wire *w, uint8_t *room,
			   struct tls_content *content)
{
	struct tls_side *side = &s->sides[end];
	bool was_open = tls_session_is_open(s, end);
	bool opened =
	    tls_channel_open(&side->channel, w, room, content) ||
	    (is_13(s) && schedule_open_later(s, end, w, room, content));
	if (!opened) {
		if (!side->skipping)
			tls_channel_give_up(&side->channel, w);
		return false;
	}
	side->skipping = false;
	if (end == TLS_SERVER && !is_13(s))
		schedule_pass_on(s);
	content->lost = data_lost(s, end, was_open, content);
	bool data = take_opened(s, end, content);
	if (content->type != TLS_APPLICATION_DATA)
		content->bytes.len = 0;
	return data;
}

/* Bytes of a handshake in clear were lost: ChangeCipherSpec may be among them,
 * so that these may be protected. */
static void take_unsure(struct tls_side *side, const struct tls_wire *w)
{
	if (tls_channel_has_lost(&side->channel))
		side->channel.loss.bytes +=
		    TLS_RECORD_HEAD + w->record.body.len;
}

static void take_clear(struct tls_session *s, enum tls_end end,
		       const struct tls_wire *w)
{
	struct tls_side *side = &s->sides[end];
	if (w->loss.records || w->loss.bytes)
		tls_messages_drop(&side->messages);
	if (w->record.type == TLS_CHANGE_CIPHER_SPEC && s->told.version &&
	    !is_13(s)) {
		schedule_change_cipher(s, end);
		return;
	}
	take_unsure(side, w);
	if (w->record.type != TLS_HANDSHAKE)
		return;
	tls_messages_add(&side->messages, w->record.body);
	tls_session_go_on(s, end);
}

bool tls_session_take(struct tls_session *s, enum tls_end end,
		      const struct tls_wire *w, uint8_t *room,
		      struct tls_content *content)
{
	struct tls_side *side = &s->sides[end];
	bool data = w->record.type == TLS_APPLICATION_DATA;
	*content = (struct tls_content){0};
	/* Refused with the ClientHello that it came with. */
	if (s->retried && end == TLS_CLIENT && data)
		return false;
	tls_channel_lose(&side->channel, &w->loss);
	if (is_13(s)) {
		if (data && side->epoch)
			return take_protected(s, end, w, room, content);
		if (data && end == TLS_CLIENT) {
			/* What became of it was lost. */
			decide_early(s, false);
			return take_protected(s, end, w, room, content);
		}
		if (!side->channel.verified)
			take_clear(s, end, w);
		return false;
	}
	if (side->protected && w->record.type == TLS_CHANGE_CIPHER_SPEC) {
		/* Itself under the keys that it ends. */
		schedule_change_cipher(s, end);
		return false;
	}
	if (!side->protected && data && s->told.version) {
		struct tls_loss loss = side->channel.loss;
		schedule_change_cipher(s, end);
		side->channel.loss = loss;
	}
	if (side->protected)
		return take_protected(s, end, w, room, content);
	take_clear(s, end, w);
	return false;
}
