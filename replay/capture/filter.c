/* Filter expressions in libpcap's language: compiled once for each link type
 * met, run on each frame. The only file that knows libpcap. */
#include "filter.h"

#include "log.h"

#include <pcap/pcap.h>
#include <stdlib.h>

#define SNAP_LEN 262144 /* tcpdump's; libpcap wants one to compile */
#define PROGRAMS_MAX                                                           \
	64 /* a file may claim 65536 link types, to no good end                \
	    */

struct program {
	uint16_t link_type;
	bool usable;
	struct bpf_program code;
};

struct filter {
	char *expression;
	struct program *programs;
	size_t count;
	size_t last; /* the one used last: nearly always the next one too */
};

/* Files use one number everywhere, libpcap in memory the system's own. These
 * differ, all others are equal (pcap-common.c of libpcap). */
static int dlt_of(uint16_t link_type)
{
	static const struct {
		uint16_t link_type;
		int dlt;
	} differing[] = {
	    {12, DLT_RAW},       {14, DLT_RAW},         {100, DLT_ATM_RFC1483},
	    {101, DLT_RAW},      {102, DLT_SLIP_BSDOS}, {103, DLT_PPP_BSDOS},
	    {106, DLT_ATM_CLIP}, {246, DLT_PFSYNC},
	};
	for (size_t i = 0; i < sizeof differing / sizeof *differing; i++)
		if (differing[i].link_type == link_type)
			return differing[i].dlt;
	return link_type;
}

/* why takes libpcap's words if it does not compile. */
static bool compile(const char *expression, int dlt, struct bpf_program *code,
		    char why[PCAP_ERRBUF_SIZE])
{
	pcap_t *dead = pcap_open_dead(dlt, SNAP_LEN);
	if (!dead)
		log_fatal("out of memory");
	bool good =
	    pcap_compile(dead, code, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
	if (!good)
		snprintf(why, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(dead));
	pcap_close(dead);
	return good;
}

/* Some expressions have a meaning on one kind of link alone ("type mgt",
 * "ifindex 3"): faulty is what none of these understands. */
static void check(const char *expression)
{
	static const int links[] = {DLT_IEEE802_11_RADIO, DLT_LINUX_SLL2,
				    DLT_PFLOG, DLT_PPP_SERIAL, DLT_EN10MB};
	char why[PCAP_ERRBUF_SIZE];
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		struct bpf_program code;
		if (compile(expression, links[i], &code, why)) {
			pcap_freecode(&code);
			return;
		}
	}
	log_usage("filter \"%s\": %s", expression, why);
}

struct filter *filter_new(const char *expression)
{
	check(expression);
	struct filter *f = xcalloc(1, sizeof *f);
	f->expression = xstrdup(expression);
	return f;
}

static struct program *program_add(struct filter *f, uint16_t link_type)
{
	f->programs =
	    xreallocarray(f->programs, f->count + 1, sizeof *f->programs);
	struct program *p = &f->programs[f->count++];
	*p = (struct program){.link_type = link_type};
	char why[PCAP_ERRBUF_SIZE];
	p->usable = compile(f->expression, dlt_of(link_type), &p->code, why);
	if (!p->usable)
		log_warn("filter \"%s\" matches nothing of link type %u: %s",
			 f->expression, link_type, why);
	return p;
}

static struct program *program_find(struct filter *f, uint16_t link_type)
{
	if (f->count && f->programs[f->last].link_type == link_type)
		return &f->programs[f->last];
	for (size_t i = 0; i < f->count; i++)
		if (f->programs[i].link_type == link_type) {
			f->last = i;
			return &f->programs[i];
		}
	return f->count < PROGRAMS_MAX ? program_add(f, link_type) : NULL;
}

bool filter_match(struct filter *f, const struct frame *frame)
{
	const struct program *p = program_find(f, frame->link_type);
	struct pcap_pkthdr head = {.caplen = (bpf_u_int32)frame->data.len,
				   .len = frame->wire_len};
	return p && p->usable &&
	       pcap_offline_filter(&p->code, &head, frame->data.data);
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		if (f->programs[i].usable)
			pcap_freecode(&f->programs[i].code);
	free(f->programs);
	free(f->expression);
	free(f);
}
