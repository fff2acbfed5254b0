"""A page of HTML read strictly: what a browser would have to mend is an
error."""
import html.parser
import pathlib

VOID = {"meta", "br"}
# what a page of ours is made of; anything else came out of a capture
TAGS = set("""html head meta title style body script header main nav section
h1 h2 h3 h4 h5 p ul li a code pre b i span strong br dl div dt dd details
summary table caption thead tbody tr th td time svg path text tspan g
rect""".split())
ATTRIBUTES = set("""lang charset http-equiv content name class href id role
aria-label aria-hidden tabindex scope datetime viewbox width height d
transform x y rx data-from data-to data-row data-n data-v""".split())


class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children, self.data = [], []

    def __getitem__(self, name):
        return self.attributes.get(name)

    @property
    def text(self):
        return "".join(c if isinstance(c, str) else c.text
                       for c in self.data)

    def all(self, tag=None, **wanted):
        """Those below that have the tag and these attributes ("class_": one
        of its classes)."""
        for c in self.children:
            if (tag is None or c.tag == tag) and all(
                    v in (c["class"] or "").split() if k == "class_"
                    else c[k] == v for k, v in wanted.items()):
                yield c
            yield from c.all(tag, **wanted)

    def one(self, tag=None, **wanted):
        return next(self.all(tag, **wanted), None)


class Page(html.parser.HTMLParser):
    """Fails at the first thing that is not as it should be."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("", {}, None)
        self.outline, self.ids, self.links = [], {}, []
        self.feed(text)
        self.close()
        if self.at is not self.root:
            raise AssertionError(f"<{self.at.tag}> is not closed")
        for link in self.links:
            if link[1:] not in self.ids:
                raise AssertionError(f"{link} leads nowhere")

    def handle_starttag(self, tag, attrs):
        where = f"<{tag} {attrs}> at {self.getpos()}"
        names = [n for n, _ in attrs]
        if tag not in TAGS or not ATTRIBUTES.issuperset(names) or len(
                set(names)) != len(names):
            raise AssertionError(f"not of ours: {where}")
        node = Node(tag, dict(attrs), self.at)
        if (href := node["href"]) is not None:
            if not href.startswith("#"):
                raise AssertionError(f"leads out: {where}")
            self.links.append(href)
        if node["id"] is not None and self.ids.setdefault(
                node["id"], node) is not node:
            raise AssertionError(f"twice: {where}")
        self.outline.append(tag)
        self.at.children.append(node)
        self.at.data.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag != self.at.tag:
            raise AssertionError(f"</{tag}> in <{self.at.tag}> at "
                                 f"{self.getpos()}")
        self.outline.append("/" + tag)
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.data.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data[:80]}")


def read(path):
    return Page(pathlib.Path(path).read_text(encoding="utf-8"))
