"""The closed network: the site and the client, each in a network namespace,
a veth pair between them, and no other interface in either.

In the site every address is local, so whatever the client asks for, by name
or by address, ends there (Linux calls it AnyIP). The client's default route
leads to the site, which forwards nothing.
"""
import contextlib
import ipaddress
import os
import pathlib
import socket
import subprocess
import time

import cage
from visit import LabError

# The client's network; another one where the recording has servers in it.
NETWORKS = ("10.66.0.0/24", "172.31.66.0/24", "192.168.66.0/24",
            "100.127.66.0/24")
SITE6, CLIENT6, NETWORK6 = "fd66::1", "fd66::2", "fd66::/64"

# To port 53 of any address. Over UDP dnsmasq answers at all of them by
# itself; over TCP it answers only at addresses that an interface has.
RULES = """
table inet lab {
    chain to_dnsmasq {
        type nat hook prerouting priority dstnat;
        iifname "site0" tcp dport 53 redirect to :53
    }
}
"""


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LabError(f"{' '.join(command)}: "
                       f"{said[-1] if said else done.returncode}")
    return done.stdout


def set_sysctl(name, value):
    """Of the namespace this process is in. Some kernels lack some of them."""
    with contextlib.suppress(FileNotFoundError):
        pathlib.Path("/proc/sys", name).write_text(str(value))


def choose(recorded):
    """The first network in which no recorded server is."""
    addresses = [a for a in map(ipaddress.ip_address, recorded)
                 if a.version == 4]
    for text in NETWORKS:
        network = ipaddress.ip_network(text)
        if not any(a in network for a in addresses):
            return network
    raise LabError("the recording has servers in every network that the lab "
                   "could take: " + ", ".join(NETWORKS))


class Network:
    """Made in the namespace that the caller is in, which becomes the
    site's. machine: the client is one on a tap device, which the user with
    that number may open."""

    def __init__(self, recorded=(), machine=None):
        self.network = choose(recorded)
        self.site, self.client = map(str, list(self.network.hosts())[:2])
        self.site6, self.client6 = SITE6, CLIENT6
        self.tap = "tap0" if machine is not None else None
        self.client_ns = cage.new_network()
        self._make_pair()
        self._make_site()
        with cage.inside(self.client_ns):
            if machine is None:
                self._make_client()
                wait_for("client0")
            else:
                self._make_bridge(machine)

    def _make_pair(self):
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "site0", "type", "veth", "peer", "name",
            "client0", "netns", f"/proc/{os.getpid()}/fd/{self.client_ns}")

    def _make_site(self):
        # only the client's own address leads to the client: all others of
        # its network are local here like the rest of the world
        for name, value in (
                ("net/ipv4/ip_forward", 0), ("net/ipv4/ip_nonlocal_bind", 1),
                ("net/ipv6/conf/all/forwarding", 0),
                ("net/ipv6/ip_nonlocal_bind", 1),
                ("net/ipv4/ip_unprivileged_port_start", 0),
                ("net/ipv4/conf/all/rp_filter", 0),
                ("net/ipv4/conf/site0/rp_filter", 0),
                ("net/ipv4/conf/all/send_redirects", 0),
                ("net/ipv4/conf/site0/send_redirects", 0),
                ("net/ipv6/conf/site0/accept_dad", 0),
                # a refusal is told at once, however many there are
                ("net/ipv4/icmp_ratelimit", 0),
                ("net/ipv6/icmp/ratelimit", 0)):
            set_sysctl(name, value)
        run("ip", "addr", "add", f"{self.site}/32", "dev", "site0")
        run("ip", "addr", "add", f"{SITE6}/128", "dev", "site0", "nodad")
        run("ip", "link", "set", "site0", "up")
        run("ip", "route", "add", f"{self.client}/32", "dev", "site0")
        run("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo")
        run("ip", "-6", "route", "add", NETWORK6, "dev", "site0")
        # in main: the local table would win over the way to the client
        run("ip", "-6", "route", "add", "local", "::/0", "dev", "lo",
            "table", "main")
        run("nft", "-f", "-", text=RULES)

    def _make_client(self):
        # an address that comes a second later, when nobody else has it, is a
        # change of network to browsers: they drop what they are loading
        set_sysctl("net/ipv6/conf/client0/accept_dad", 0)
        run("ip", "link", "set", "lo", "up")
        run("ip", "addr", "add", f"{self.client}/{self.network.prefixlen}",
            "dev", "client0")
        run("ip", "addr", "add", f"{CLIENT6}/128", "dev", "client0", "nodad")
        run("ip", "link", "set", "client0", "up")
        run("ip", "route", "add", "default", "via", self.site)
        run("ip", "-6", "route", "add", SITE6, "dev", "client0")
        run("ip", "-6", "route", "add", "default", "via", SITE6)

    def _make_bridge(self, user):
        """The machine has the addresses, this namespace none of its own."""
        for name in ("all", "default"):
            set_sysctl(f"net/ipv6/conf/{name}/disable_ipv6", 1)
        run("ip", "link", "add", "lab0", "type", "bridge", "forward_delay",
            "0", "stp_state", "0")
        run("ip", "tuntap", "add", self.tap, "mode", "tap", "user", str(user))
        for name in ("client0", self.tap):
            run("ip", "link", "set", name, "master", "lab0")
        for name in ("client0", self.tap, "lab0"):
            run("ip", "link", "set", name, "up")

    def prove(self):
        """Raises LabError unless the network is closed: by what there is in
        both namespaces, and by asking for addresses that can only be
        elsewhere."""
        expect = {"lo", "client0"} | ({"lab0", self.tap} if self.tap else
                                      set())
        prove_links("site", {"lo", "site0"})
        prove_routes("site", "site0")
        if pathlib.Path("/proc/sys/net/ipv4/ip_forward").read_text() != "0\n":
            raise LabError("the site's namespace forwards packets")
        with cage.inside(self.client_ns):
            prove_links("client", expect)
            prove_routes("client", "client0")
            if not self.tap:
                prove_answers()


def wait_for(device, patience=5):
    """The kernel tells up to a second later that a link is up, and gives it
    its address then: a change of network to browsers, which drop what they
    are loading."""
    end = time.monotonic() + patience
    while " state UP " not in run("ip", "-o", "link", "show", device):
        if time.monotonic() > end:
            raise LabError(f"the client's link {device} does not come up")
        time.sleep(0.02)


def links():
    """Interfaces of the namespace this process is in. Tunnels that the
    kernel puts into every namespace (sit0 ...) are down and lead nowhere."""
    names = set()
    for line in run("ip", "-o", "link", "show", "up").splitlines():
        names.add(line.split(": ")[1].split("@")[0])
    return names


def prove_links(whose, expected):
    found = links()
    if not found <= expected:
        raise LabError(f"the {whose}'s namespace is not closed: it has "
                       + ", ".join(sorted(found - expected)))


def prove_routes(whose, device):
    for family in "-4", "-6":
        shown = run("ip", family, "route", "show", "table", "all")
        for line in shown.splitlines():
            words = line.split()
            where = words[words.index("dev") + 1] if "dev" in words else ""
            if where not in ("", "lo", device):
                raise LabError(f"the {whose}'s namespace is not closed: "
                               + line.strip())


def prove_answers():
    """Addresses of documentation (RFC 5737, RFC 3849), where nobody is: only
    a network that ends at the site answers there, and at once."""
    for address in "192.0.2.123", "198.51.100.45", "2001:db8:77::5":
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.settimeout(5)
            result = s.connect_ex((address, 1))
        if result not in (0, 111):  # ECONNREFUSED
            raise LabError(f"the network does not end at the site: {address} "
                           f"says {os.strerror(result)}")
