/* What every scenario works with: the wire, its options, the truth. */
#include "scene.h"

#include <string.h>

#define THINKING (18 * MS)

struct end scene_client(struct scene *s, const char *address)
{
	return end_of(address, s->next_port++);
}

struct conn scene_connect(struct scene *s, const char *server, uint16_t port)
{
	struct end client =
	    scene_client(s, strchr(server, ':') ? "2001:db8::100" : VICTIM);

	return conn_open(&s->net, client, end_of(server, port));
}

void scene_wait(struct scene *s, int64_t ns)
{
	s->net.now += ns;
}

struct str str_of(const char *text)
{
	return (struct str){(char *)text, strlen(text), 0};
}

void scene_raw(struct scene *s, struct conn *c, const struct str *request,
	       const struct str *response, const struct fate *fate)
{
	truth_add(&s->truth, c, fate, request, response);
	conn_say(c, CLIENT, request->data, request->len);
	conn_flush(c, CLIENT);
	scene_wait(s, THINKING);
	conn_say(c, SERVER, response->data, response->len);
	conn_flush(c, SERVER);
	scene_wait(s, 5 * MS);
}

void scene_text(struct scene *s, struct conn *c, const char *request,
		const char *response, const struct fate *fate)
{
	const struct str a = str_of(request), b = str_of(response);

	scene_raw(s, c, &a, &b, fate);
}

void messages_write(struct messages *p, const struct ask *ask,
		    const struct answer *answer)
{
	*p = (struct messages){
	    .fate = {
		.method = ask->method,
		.host = ask->host,
		.target = ask->target,
		.status = answer->status ? answer->status : 200,
	    }};
	ask_write(&p->request, ask);
	answer_write(&p->response, &p->payload, answer);
	p->fate.body = p->payload;
}

void messages_free(struct messages *p)
{
	str_free(&p->request);
	str_free(&p->response);
	str_free(&p->payload);
}

void scene_exchange(struct scene *s, struct conn *c, const struct ask *ask,
		    const struct answer *answer)
{
	struct messages p;

	messages_write(&p, ask, answer);
	scene_raw(s, c, &p.request, &p.response, &p.fate);
	messages_free(&p);
}

void scene_page(struct scene *s, struct conn *c, const char *host,
		const char *target, size_t len)
{
	struct str page = {0};

	page_write(&page, host, "", len, net_random(&s->net));
	scene_exchange(s, c, &(struct ask){.host = host, .target = target},
		       &(struct answer){.type = "text/html",
					.body = page.data,
					.body_len = page.len});
	str_free(&page);
}

void scene_get(struct scene *s, struct conn *c, const char *host,
	       const char *target, const char *fields, const char *text)
{
	scene_exchange(
	    s, c,
	    &(struct ask){.host = host, .target = target, .fields = fields},
	    &(struct answer){
		.type = "text/plain", .body = text, .body_len = strlen(text)});
}
