/* The floor under reading: a bare libpcap loop that touches each packet. */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>

#define BARE_LEN 58 /* Ethernet, IPv4, TCP with one option: no payload */

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	uint64_t packets = 0, segments = 0, sum = 0;
	pcap_t *p = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;

	if (!p) {
		fprintf(stderr, "loop: %s\n", argc == 2 ? error : "one file");
		return 1;
	}
	while (pcap_next_ex(p, &header, &data) == 1) {
		packets++;
		segments += header->len > BARE_LEN;
		if (header->caplen)
			sum += data[header->caplen / 2];
	}
	printf("%" PRIu64 " packets, %" PRIu64 " with payload, sum %" PRIu64
	       "\n",
	       packets, segments, sum);
	pcap_close(p);
	return 0;
}
