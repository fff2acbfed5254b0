#!/bin/sh
# dnsgen as a user runs it, and a real dnsmasq that reads what it wrote.
#
# usage: dnsgen.sh SAN_DIR PLAIN_DIR     (CORPUS: a folder of real captures)
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
san=$(cd "$1" && pwd)
CORPUS=${CORPUS:-$top/../shared/corpus}
PATH=$PATH:/usr/sbin:/sbin
dnsgen=$san/dnsgen
ask=$san/tools/ask
make_capture=$san/make-capture
work=$(mktemp -d)
server=
failed=0
trap 'test -z "$server" || kill "$server"; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cp -r "$top/etc" "$work"
cd "$work" || exit 1

# result WHAT: whether the command before it did well
result() {
	if [ $? -eq 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		failed=1
	fi
}

# same WHAT EXPECTED GOT
same() {
	[ "$2" = "$3" ] || printf '# expected: %s\n# got:      %s\n' "$2" "$3"
	[ "$2" = "$3" ]
	result "$1"
}

# accepted FILE: dnsmasq takes it as configuration
accepted() {
	dnsmasq --test -C "$1" >test.log 2>&1 || { cat test.log; false; }
}

# status EXPECTED ARGUMENTS...: exit status and one clear line (two for usage)
status() {
	expected=$1
	shift
	"$dnsgen" "$@" >out 2>err </dev/null
	same "dnsgen $*: exit status" "$expected" $?
	[ ! -s out ] && [ -s err ] && [ "$(wc -l <err)" -le 2 ]
	result "dnsgen $*: says why, and nothing else"
}

arguments() {
	: >empty
	echo 'this is not a capture file' >text
	status 2
	status 2 --no-such-option drive-by.pcap
	status 2 --ip 1.2.3 drive-by.pcap
	status 2 --ip recorded --ip 192.0.2.1 drive-by.pcap
	status 2 --zone 'a b' drive-by.pcap
	status 2 --filter 'no such filter' drive-by.pcap
	status 1 missing.pcap
	status 1 empty
	status 1 text
	status 1 .
	"$dnsgen" --help >out 2>err && [ -s out ] && [ ! -s err ]
	result 'dnsgen --help'
	"$dnsgen" --version >out 2>err && [ -s out ] && [ ! -s err ]
	result 'dnsgen --version'
	if [ -w /dev/full ]; then
		"$dnsgen" drive-by.pcap >/dev/full 2>err
		same 'a full disk: exit status' 1 $?
	fi
}

variants() {
	"$dnsgen" drive-by.pcap >hosts.conf
	result 'dnsgen drive-by'
	"$dnsgen" - <drive-by.pcap | cmp - hosts.conf
	result 'the same from standard input'
	"$dnsgen" drive-by.pcap drive-by.pcap | cmp - hosts.conf
	result 'the same from two captures'
	"$dnsgen" --ip 10.0.0.1 --ip fd00::1 drive-by.pcap >out
	accepted out
	result 'two addresses: dnsmasq --test'
	same 'two addresses: both for a host' \
		'address=/www.landing.example/10.0.0.1
address=/www.landing.example/fd00::1' \
		"$(grep '^address=/www.landing' out)"
	"$dnsgen" --ip recorded drive-by.pcap >out
	accepted out
	result 'recorded addresses: dnsmasq --test'
	same 'recorded addresses: of a name and of a literal' \
		'address=/203-0-113-66.ip.test/203.0.113.66
address=/www.landing.example/198.51.100.10' \
		"$(grep -E '^address=/(www.landing|203-)' out)"
	"$dnsgen" --zone Steer.Example. drive-by.pcap >out
	same 'another zone' 'address=/203-0-113-66.steer.example/127.0.0.1' \
		"$(grep '^address=/203-' out)"
	"$dnsgen" --filter 'port 8080' drive-by.pcap >out
	same 'a filter' 'address=/gate.exploit.example/127.0.0.1' \
		"$(grep '^address=' out)"
}

# answer NAME TYPE EXPECTED
answer() {
	same "$1 $2" "$3" "$("$ask" "$port" "$1" "$2")"
}

questions() {
	answer www.landing.example A 'NOERROR 127.0.0.1'
	answer WWW.Landing.Example A 'NOERROR 127.0.0.1'
	answer edge7.widget.example A 'NOERROR 127.0.0.1'
	answer 203-0-113-66.ip.test A 'NOERROR 127.0.0.1'
	for type in AAAA HTTPS TXT; do
		answer www.landing.example $type NOERROR
	done
	for type in A AAAA HTTPS; do
		answer below.www.landing.example $type NXDOMAIN
		answer unrecorded.example $type NXDOMAIN
		answer c2.gone.example $type NXDOMAIN
		answer use-application-dns.net $type NXDOMAIN
		answer net $type NXDOMAIN
	done
	answer 1.0.0.127.in-addr.arpa PTR NXDOMAIN
}

# P31, P37: names of the lab, at the addresses they had.
recorded_questions() {
	same 'www.many.example A, in whatever order' \
		'198.51.100.11 198.51.100.12 NOERROR ' \
		"$("$ask" "$port" www.many.example A | tr ' ' '\n' | sort |
			tr '\n' ' ')"
	answer www.many.example AAAA 'NOERROR 2001:db8:37::11'
	answer six.many.example A NOERROR
	answer six.many.example AAAA 'NOERROR 2001:db8:37::6'
	answer cdn.alias.example A 'NOERROR 198.51.100.13'
	answer edge.alias.example A 'NOERROR 198.51.100.13'
	# known from Host fields alone: where they were asked for
	answer hidden.example A 'NOERROR 203.0.113.66'
	answer second.example A 'NOERROR 203.0.113.66'
	answer hidden.example AAAA NOERROR
	# DNS knew it, nobody asked it
	answer unvisited.example A 'NOERROR 198.51.100.99'
	# a literal's own name, and one of that zone that was recorded
	answer 203-0-113-67.ip.test A 'NOERROR 203.0.113.67'
	answer 203-0-113-99.ip.test A 'NOERROR 198.51.100.14'
	answer proxied.example A 'NOERROR 192.0.2.8'
	for type in A AAAA HTTPS; do
		answer gone.example $type NXDOMAIN
		answer use-application-dns.net $type NXDOMAIN
		answer below.www.many.example $type NXDOMAIN
	done
	answer www.many.example HTTPS NOERROR
	answer www.many.example TXT NOERROR
}

recorded() {
	"$make_capture" p37-addresses >p37.pcap
	result 'make-capture p37-addresses'
	"$dnsgen" --ip recorded p37.pcap >hosts.conf 2>err
	result 'dnsgen --ip recorded p37-addresses'
	same 'the name whose address is not known is told, and the canary' \
		'dnsgen: host "proxied.example": its address was not recorded, it leads to the proxy 192.0.2.8
dnsgen: host "use-application-dns.net" left out: an answer would turn DNS over HTTPS on' \
		"$(sort err)"
	accepted hosts.conf
	result 'dnsmasq --test of it'
	"$dnsgen" p37.pcap >out 2>err
	! grep -q proxied err && ! grep -q unvisited out
	result 'with an address of ours neither matters'
	start_dnsmasq
	recorded_questions
	stop_dnsmasq
}

# Names that QUIC clients said, whether or not DNS was recorded; not the one
# that nobody can read.
quic() {
	"$make_capture" range-quic >quic.pcap
	result 'make-capture range-quic'
	"$dnsgen" --filter 'port 443' quic.pcap >out
	same 'servers of QUIC' \
		'address=/both.quic.example/127.0.0.1
address=/retry.quic.example/127.0.0.1
address=/two.quic.example/127.0.0.1
address=/video.quic.example/127.0.0.1' \
		"$(grep '^address=' out)"
	"$dnsgen" --ip recorded quic.pcap >out
	same 'where they were' 'address=/two.quic.example/203.0.113.171' \
		"$(grep '^address=/two' out)"
}

# On hosts.conf, as the README has it, but in the foreground and without a file
# in /run.
start_dnsmasq() {
	sed 's/^pid-file=.*/pid-file=/' etc/dnsmasq.conf >test.conf
	port=$("$ask" --free-port)
	dnsmasq -k -p "$port" -C test.conf --log-facility="$work/log" &
	server=$!
}

stop_dnsmasq() {
	kill "$server" && wait "$server"
	server=
	! grep -E 'forwarded|using nameserver' log
	result 'nobody else was asked'
}

serving() {
	before=$(cksum /etc/resolv.conf 2>/dev/null)
	start_dnsmasq
	questions
	stop_dnsmasq
	same '/etc/resolv.conf is as it was' "$before" \
		"$(cksum /etc/resolv.conf 2>/dev/null)"
	sed -E 's/^#((listen|dhcp|no)-[a-z-]+(=.*)?)$/\1/' etc/dnsmasq.conf \
		>lab.conf
	[ "$(grep -c '^dhcp-' lab.conf)" -ge 4 ] && accepted lab.conf
	result 'the DHCP part: dnsmasq --test'
}

# Only the lines that dnsgen means to write, whatever the recording holds.
hostile() {
	for scenario in $("$make_capture" --list |
		sed -n 's/^\(p08-[^ ]*\).*/\1/p'); do
		[ "$scenario" != p08-bomb ] || continue
		"$make_capture" "$scenario" >capture || continue
		"$dnsgen" capture >out 2>err
		result "$scenario"
		accepted out
		result "$scenario: dnsmasq --test"
		! grep -vE '^(#.*|(address|local)=/(\*\.)?[a-z0-9_.-]+/[0-9.]*|local=/#/)$' out
		result "$scenario: no other line"
		! grep -q use-application-dns.net out
		result "$scenario: DNS over HTTPS stays off"
		[ "$(wc -l <err)" -le 40 ] && ! LC_ALL=C grep -q '[^ -~…]' err
		result "$scenario: messages are few and printable"
	done
}

corpus() {
	if [ ! -d "$CORPUS" ]; then
		echo "skipped - the corpus is not there ($CORPUS)"
		return
	fi
	count=0
	for capture in "$CORPUS"/captures/*.*cap* "$CORPUS"/torture/*.*cap*; do
		case $capture in
		*.tsv | *.keys | *'*'*) continue ;;
		esac
		[ -f "$capture" ] || continue
		count=$((count + 1))
		if ! timeout 60 "$dnsgen" "$capture" >out 2>err; then
			tail -1 err
			false
			result "dnsgen $capture"
		elif ! accepted out; then
			false
			result "dnsmasq --test of dnsgen $capture"
		fi
	done
	[ "$count" -gt 0 ]
	result "$count captures of the corpus: dnsmasq --test"
}

"$make_capture" drive-by >drive-by.pcap
result 'make-capture drive-by'
arguments
variants
serving
recorded
quic
hostile
corpus
exit $failed
