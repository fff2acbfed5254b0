/* Names of files for what was recorded. */
#include "object_name.h"

#include "rewrite/sniff.h"

#define PART_MAX 64 /* bytes of the host, and of the name */

enum nature {
	BINARY,
	TEXT,
	ZIPPED, /* a zip file of a certain kind */
};

static const struct known {
	const char *type;
	const char *extension;
	enum nature nature;
} types[] = {
    {"application/atom+xml", "xml", TEXT},
    {"application/ecmascript", "js", TEXT},
    {"application/hta", "hta", TEXT},
    {"application/javascript", "js", TEXT},
    {"application/json", "json", TEXT},
    {"application/rss+xml", "xml", TEXT},
    {"application/x-httpd-php", "php", TEXT},
    {"application/x-javascript", "js", TEXT},
    {"application/xhtml+xml", "html", TEXT},
    {"application/xml", "xml", TEXT},
    {"image/svg+xml", "svg", TEXT},
    {"text/css", "css", TEXT},
    {"text/csv", "csv", TEXT},
    {"text/ecmascript", "js", TEXT},
    {"text/html", "html", TEXT},
    {"text/javascript", "js", TEXT},
    {"text/json", "json", TEXT},
    {"text/rtf", "rtf", TEXT},
    {"text/vbscript", "vbs", TEXT},
    {"text/x-javascript", "js", TEXT},
    {"text/x-json", "json", TEXT},
    {"text/x-msdos-batch", "bat", TEXT},
    {"text/x-php", "php", TEXT},
    {"text/x-shellscript", "sh", TEXT},
    {"text/xml", "xml", TEXT},

    {"application/cdfv2", "ole", BINARY},
    {"application/font-woff", "woff", BINARY},
    {"application/gzip", "gz", BINARY},
    {"application/java-vm", "class", BINARY},
    {"application/msword", "doc", BINARY},
    {"application/ocsp-request", "ocsp", BINARY},
    {"application/ocsp-response", "ocsp", BINARY},
    {"application/pdf", "pdf", BINARY},
    {"application/pkix-cert", "cer", BINARY},
    {"application/pkix-crl", "crl", BINARY},
    {"application/vnd.ms-cab-compressed", "cab", BINARY},
    {"application/vnd.ms-excel", "xls", BINARY},
    {"application/vnd.ms-fontobject", "eot", BINARY},
    {"application/vnd.ms-htmlhelp", "chm", BINARY},
    {"application/vnd.ms-office", "ole", BINARY},
    {"application/vnd.ms-opentype", "otf", BINARY},
    {"application/vnd.ms-powerpoint", "ppt", BINARY},
    {"application/vnd.microsoft.portable-executable", "exe", BINARY},
    {"application/vnd.rar", "rar", BINARY},
    {"application/wasm", "wasm", BINARY},
    {"application/x-7z-compressed", "7z", BINARY},
    {"application/x-bzip2", "bz2", BINARY},
    {"application/x-dosexec", "exe", BINARY},
    {"application/x-executable", "elf", BINARY},
    {"application/x-gzip", "gz", BINARY},
    {"application/x-java-applet", "class", BINARY},
    {"application/x-mach-binary", "macho", BINARY},
    {"application/x-ms-shortcut", "lnk", BINARY},
    {"application/x-msdownload", "exe", BINARY},
    {"application/x-msi", "msi", BINARY},
    {"application/x-ole-storage", "ole", BINARY},
    {"application/x-pie-executable", "elf", BINARY},
    {"application/x-rar", "rar", BINARY},
    {"application/x-sharedlib", "elf", BINARY},
    {"application/x-shockwave-flash", "swf", BINARY},
    {"application/x-tar", "tar", BINARY},
    {"application/x-x509-ca-cert", "cer", BINARY},
    {"application/x-xz", "xz", BINARY},
    {"application/zip", "zip", BINARY},
    {"application/zstd", "zst", BINARY},
    {"audio/mpeg", "mp3", BINARY},
    {"font/sfnt", "ttf", BINARY},
    {"font/ttf", "ttf", BINARY},
    {"font/woff", "woff", BINARY},
    {"font/woff2", "woff2", BINARY},
    {"image/avif", "avif", BINARY},
    {"image/bmp", "bmp", BINARY},
    {"image/gif", "gif", BINARY},
    {"image/jpeg", "jpg", BINARY},
    {"image/png", "png", BINARY},
    {"image/tiff", "tif", BINARY},
    {"image/vnd.microsoft.icon", "ico", BINARY},
    {"image/webp", "webp", BINARY},
    {"image/x-icon", "ico", BINARY},
    {"image/x-ms-bmp", "bmp", BINARY},
    {"video/mp4", "mp4", BINARY},
    {"video/webm", "webm", BINARY},
    {"video/x-flv", "flv", BINARY},

    {"application/java-archive", "jar", ZIPPED},
    {"application/vnd.android.package-archive", "apk", ZIPPED},
    {"application/vnd.openxmlformats-officedocument.presentationml."
     "presentation",
     "pptx", ZIPPED},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
     "xlsx", ZIPPED},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml."
     "document",
     "docx", ZIPPED},
    {"application/x-chrome-extension", "crx", ZIPPED},
    {"application/x-java-archive", "jar", ZIPPED},
    {"application/x-silverlight-app", "xap", ZIPPED},
    {"application/x-xpinstall", "xpi", ZIPPED},
};

static const struct known *find(struct slice type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (slice_equal_nocase(type, slice_of(types[i].type)))
			return &types[i];
	return NULL;
}

/* Many languages look alike to libmagic. */
static bool is_text(struct slice type, const struct known *known)
{
	return known ? known->nature == TEXT
		     : slice_starts_nocase(type, SLICE("text/"));
}

const char *object_extension(const struct object *o, const char *detected)
{
	struct buf scratch = {0};
	struct slice found = detected ? slice_of(detected) : o->type;
	const struct known *is = find(found);
	const struct known *said =
	    find(sniff_declared(o->content_type, &scratch));
	buf_release(&scratch);
	bool text = is_text(found, is);
	bool zip = slice_equal(found, SLICE("application/zip"));
	bool unknown = slice_equal(found, SLICE("application/octet-stream"));
	if (said && ((text && said->nature == TEXT) ||
		     (zip && said->nature == ZIPPED) ||
		     (unknown && said->nature != TEXT)))
		return said->extension;
	if (is)
		return is->extension;
	return text ? "txt" : "bin";
}

/* ---- names ---- */

static bool is_kept(uint8_t c)
{
	uint8_t lower = byte_lower(c);
	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

/* What is neither letter nor digit becomes a hyphen, but for single dots; no
 * two of these stand together, nor at an end. */
static void put_harmless(struct buf *out, struct slice text)
{
	size_t start = out->len;
	uint8_t between = 0;
	for (size_t i = 0; i < text.len && out->len - start < PART_MAX; i++) {
		uint8_t c = text.data[i];
		if (!is_kept(c)) {
			between = c == '.' && !between ? '.' : '-';
			continue;
		}
		if (between && out->len > start)
			buf_add_byte(out, between);
		between = 0;
		buf_add_byte(out, c);
	}
}

static void put_host(struct buf *out, const struct exchange *e,
		     struct slice host)
{
	struct buf server = {0};
	size_t start = out->len;
	put_harmless(out, host);
	if (out->len > start)
		return;
	address_print(&server, &exchange_server(e)->address);
	put_harmless(out, buf_slice(&server));
	buf_release(&server);
}

static struct slice last_segment(struct slice target)
{
	struct slice path = url_path(target);
	for (size_t at; (at = slice_find(path, '/')) < path.len;)
		path = slice_from(path, at + 1);
	return path;
}

/* An extension that it would have anyway. */
static struct slice without_extension(struct slice name, const char *extension)
{
	size_t len = strlen(extension);
	if (name.len > len + 1 && name.data[name.len - len - 1] == '.' &&
	    slice_equal_nocase(slice_from(name, name.len - len),
			       slice_of(extension)))
		name.len -= len + 1;
	return name;
}

void object_name(struct buf *out, size_t no, const struct exchange *e,
		 enum object_side side, const char *extension)
{
	struct url url = exchange_url(e);
	buf_printf(out, "%04zu-", no);
	put_host(out, e, url.host);
	buf_add_byte(out, '-');
	size_t start = out->len;
	put_harmless(out,
		     without_extension(last_segment(url.target), extension));
	if (out->len == start)
		buf_add_string(out, "index");
	if (side == OBJECT_REQUEST)
		buf_add_string(out, "-request");
	buf_printf(out, ".%s", extension);
}
