"use strict";
/* Asks the server it came from for what it noted, and shows it. All that
 * clients said is text: nothing here makes markup of a string. */
(() => {
	const EVERY = 1000;
	const HIDDEN = 5000;
	const LONG = 300;
	let paused = false;
	let failed = 0;

	const at = (id) => document.getElementById(id);

	/* Marks that no reader sees, or that turn what stands behind them. */
	const UNSEEN = new RegExp("[\\u0000-\\u001f\\u007f-\\u009f\\u00ad" +
		"\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]",
		"g");
	const seen = (s) => String(s).replace(UNSEEN, (c) =>
		"\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

	function make(name, className, ...content) {
		const node = document.createElement(name);
		if (className)
			node.className = className;
		node.append(...content);
		return node;
	}

	const code = (s) => make("span", "text", seen(s));
	const shortened = (s) => s.length <= LONG ? s :
		s.slice(0, LONG) + " … (" + s.length + " characters)";
	const clock = (stamp) => stamp.slice(11, 19);
	const plural = (n, one) => n + " " + one + (n === 1 ? "" : "s");

	function lasted(seconds) {
		if (seconds < 120)
			return seconds + " s";
		if (seconds < 7200)
			return Math.floor(seconds / 60) + " min";
		return Math.floor(seconds / 3600) + " h";
	}

	function amount(bytes) {
		const names = ["B", "kB", "MB", "GB", "TB"];
		let at = 0;
		while (bytes >= 1000 && at < names.length - 1) {
			bytes /= 1000;
			at++;
		}
		return (at ? bytes.toFixed(1) : bytes) + " " + names[at];
	}

	/* Makes a list's nodes those of items, and leaves what did not change
	 * as it is: focus and marked text stay. */
	function fill(list, items, key, build) {
		const old = new Map();
		for (const node of list.children)
			old.set(node.dataset.key, node);
		let before = null;
		for (const item of items) {
			const text = JSON.stringify(item);
			let node = old.get(key(item));
			if (!node || node.dataset.is !== text) {
				const made = build(item);
				made.dataset.key = key(item);
				made.dataset.is = text;
				if (node)
					node.replaceWith(made);
				node = made;
			}
			old.delete(key(item));
			const next = before ? before.nextSibling : list.firstChild;
			if (node !== next)
				list.insertBefore(node, next);
			before = node;
		}
		for (const node of old.values())
			node.remove();
	}

	async function copy(button, pre) {
		let how = "Copied";
		try {
			await navigator.clipboard.writeText(pre.textContent);
		} catch (e) {
			const range = document.createRange();
			range.selectNodeContents(pre);
			getSelection().removeAllRanges();
			getSelection().addRange(range);
			how = "Marked";
		}
		button.textContent = how;
		setTimeout(() => {
			button.textContent = "Copy";
		}, 1500);
	}

	function rule(near) {
		if (near.joined)
			return make("p", "meta good", "The rules as they are " +
				"now join both: it is answered when it is " +
				"asked again.");
		if (!near.rule)
			return make("p", "meta", "No rule maps it: " +
				seen(near.no_rule) + ".");
		const pre = make("pre", "", near.rule);
		const button = make("button", "", "Copy");
		button.type = "button";
		button.setAttribute("aria-label",
			"Copy the rule for exchange " + near.exchange);
		button.addEventListener("click", () => copy(button, pre));
		return make("div", "rule", pre, button);
	}

	const absent = () => make("i", "", "nothing");

	/* Fields are told by name alone: none but Range decides what is found,
	 * but a malicious page tests them. */
	const aside = (d) => d.in === "field" && d.name !== "Range";

	function fields(list) {
		const names = list.filter(aside).map((d) => seen(d.name));
		return names.length ? "; fields that differ: " +
			names.join(", ") : "";
	}

	function differs(list) {
		const dl = make("dl", "differs");
		for (const d of list.filter((one) => !aside(one))) {
			const name = d.name === undefined ? "" :
				" " + seen(d.name);
			const dd = make("dd");
			if ("asked" in d) {
				const asked = make("del", "", d.asked === null ?
					absent() : code(shortened(d.asked)));
				const then = make("ins", "", d.recorded === null ?
					absent() : code(shortened(d.recorded)));
				dd.append("asked ", asked, ", recorded ", then);
			} else {
				dd.append("differs");
			}
			dl.append(make("dt", "", seen(d.in) + name), dd);
		}
		return dl;
	}

	function near(one) {
		const status = one.status ? "answered " + one.status + ", " +
			amount(one.bytes) : "no response";
		return make("li", "",
			make("p", "", make("strong", "", "#" + one.exchange), " ",
				code(shortened(one.method + " " + one.url))),
			make("p", "meta", status + fields(one.differs)),
			differs(one.differs), rule(one));
	}

	function miss(m) {
		const li = make("li", m.answered ? "miss answered" : "miss",
			make("h3", "", code(shortened(m.method + " " + m.url) +
				(m.cut ? " … cut" : ""))));
		const meta = make("p", "meta", clock(m.time) + ", from ",
			seen(m.client));
		if (m.count > 1)
			meta.append(", ", make("strong", "",
				"asked " + plural(m.count, "time")));
		li.append(meta);
		if (m.answered)
			li.append(make("p", "meta good", "Answered since, at " +
				clock(m.answered.time) + ": #" +
				m.answered.exchange + ", " + m.answered.step));
		if (m.note)
			li.append(make("p", "meta", seen(m.note)));
		if (!m.near.length)
			li.append(make("p", "meta",
				"Nothing recorded comes near it."));
		else
			li.append(make("ol", "near", ...m.near.map(near)));
		return li;
	}

	function by(r) {
		const words = {
			missed: "not recorded",
			refused: "refused",
			failed: "TLS handshake failed",
		};
		let said = words[r.kind] ||
			(r.supplement ? "supplement #" : "#") + r.exchange +
			" " + r.step;
		if (r.rewritten)
			said += ", rewritten";
		return r.note ? said + ": " + seen(r.note) : said;
	}

	function row(r) {
		const asked = r.kind === "failed" ? r.server_name :
			!r.url ? "no request" : r.method + " " + r.url + (r.cut ? "…" : "");
		const tr = make("tr", r.kind);
		tr.append(make("td", "time", clock(r.time)),
			make("td", "client", seen(r.client)),
			make("td", "", code(asked)),
			make("td", "number", r.status ? String(r.status) : "-"),
			make("td", "by", by(r)));
		return tr;
	}

	function figures(s) {
		const list = [
			["requests", s.requests],
			["answered", s.answered],
			["not recorded", s.missed, s.missed > 0],
			["refused", s.refused, s.refused > 0],
			["TLS failed", s.handshakes_failed,
				s.handshakes_failed > 0],
			["rewritten", s.rewritten],
			["connected now", s.connections.open],
			["sent", amount(s.bytes)],
		];
		fill(at("figures"), list, (f) => f[0], (f) => make("div",
			f[2] ? "bad" : "", make("dt", "", f[0]),
			make("dd", "", String(f[1]))));
		const steps = Object.entries(s.steps)
			.sort((a, b) => b[1] - a[1])
			.map(([name, n]) => name + " " + n);
		at("steps").textContent = steps.length ?
			"Answered by: " + steps.join(", ") : "";
	}

	function facts(s) {
		at("facts").textContent = plural(s.exchanges, "exchange") +
			" of " + plural(s.hosts, "host") + " on " +
			seen(s.where) + ". Up " + lasted(s.uptime) + ", " +
			plural(s.connections.all, "connection") + ", " +
			plural(s.loops, "event loop") + "." +
			(s.exact ? " No guesses (--exact)." : "") +
			(s.rules.length ? " Rules: " +
				s.rules.map(seen).join(", ") + "." : "");
	}

	function hints(s) {
		const some = s.misses.some((m) => m.near.some((n) => n.rule));
		at("no-rules").hidden = !some || s.rules.length > 0;
		at("with-rules").hidden = !some || s.rules.length === 0;
		if (s.rules.length)
			at("rule-file").textContent =
				seen(s.rules[s.rules.length - 1]);
	}

	function show(s) {
		facts(s);
		figures(s);
		hints(s);
		at("misses-empty").hidden = s.misses.length > 0;
		fill(at("miss-list"), s.misses,
			(m) => m.method + " " + m.url + " " + m.client, miss);
		at("recent").hidden = !s.recent.length;
		at("recent-empty").hidden = s.recent.length > 0;
		fill(at("recent-list"), s.recent,
			(r) => r.time + r.client + r.kind + (r.method || "") + r.url, row);
		document.title = (s.missed ? "(" + s.missed + ") " : "") +
			"replay: status";
	}

	function live(text, name) {
		const node = at("live");
		if (node.textContent !== text)
			node.textContent = text;
		node.className = "live " + name;
	}

	async function ask() {
		try {
			const got = await fetch("/status.json",
				{cache: "no-store"});
			if (!got.ok)
				throw new Error(got.status);
			show(await got.json());
			failed = 0;
			live("live", "on");
		} catch (e) {
			failed++;
			if (failed > 1)
				live("replay does not answer", "off");
		}
	}

	async function go() {
		if (!paused)
			await ask();
		setTimeout(go, document.hidden ? HIDDEN : EVERY);
	}

	at("pause").addEventListener("click", () => {
		paused = !paused;
		at("pause").textContent = paused ? "Go on" : "Pause";
		live(paused ? "paused" : "live", paused ? "" : "on");
	});
	document.addEventListener("visibilitychange", () => {
		if (!document.hidden && !paused)
			ask();
	});
	go();
})();
