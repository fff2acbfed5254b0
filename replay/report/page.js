// The page of replay --report without this is whole: it sorts, filters, opens
// what a link leads to, shows ways in the chain, and copies lists.
(() => {
	"use strict";
	const all = (selector, root = document) =>
		[...root.querySelectorAll(selector)];
	const make = (name, properties = {}, ...children) => {
		const e = Object.assign(document.createElement(name), properties);
		e.append(...children);
		return e;
	};

	// ---- links lead to what is closed or hidden

	const reveal = () => {
		const id = location.hash.slice(1);
		const target = id && document.getElementById(id);
		if (!target)
			return;
		target.hidden = false;
		for (let e = target; e; e = e.parentElement)
			if (e.tagName === "DETAILS")
				e.open = true;
		target.scrollIntoView();
		target.querySelector("summary, a")?.focus({preventScroll: true});
	};

	// ---- the table

	const table = document.getElementById("exchanges");
	const body = table.tBodies[0];
	const rows = [...body.rows];
	const heads = [...table.tHead.rows[0].cells];
	const named = heads.map(h => h.textContent);
	const column = name => named.indexOf(name);
	const details = rows.map(r => document.getElementById("e" + r.id.slice(1)));
	const text = (row, i) => row.cells[i].textContent;

	const value = (row, i, number) => {
		const cell = row.cells[i];
		if (!number)
			return cell.textContent.toLowerCase();
		const n = parseFloat(cell.dataset.v ?? cell.textContent);
		return Number.isNaN(n) ? -1 : n;
	};

	const sort = (head, i) => {
		const down = head.ariaSort === "ascending";
		const number = "n" in head.dataset;
		const keyed = rows.map((r, k) => [value(r, i, number), k, r]);
		keyed.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) *
			(down ? -1 : 1) || a[1] - b[1]);
		heads.forEach(h => h.removeAttribute("aria-sort"));
		head.setAttribute("aria-sort", down ? "descending" : "ascending");
		body.append(...keyed.map(k => k[2]));
	};

	heads.forEach((head, i) => {
		const button = make("button", {type: "button"}, named[i]);
		button.addEventListener("click", () => sort(head, i));
		head.replaceChildren(button);
	});
	heads[0].setAttribute("aria-sort", "ascending");

	// ---- filters

	const controls = document.getElementById("controls");
	controls.className = "controls";
	const tests = [];
	const told = make("p");
	told.setAttribute("role", "status");

	const filter = () => {
		let shown = 0;
		rows.forEach((row, k) => {
			const fits = tests.every(test => test(row, k));
			row.hidden = !fits;
			details[k].hidden = !fits;
			shown += fits;
		});
		told.textContent = `${shown} of ${rows.length} exchanges shown, ` +
			"here and under Details";
	};
	let waiting = 0;
	const later = () => {
		clearTimeout(waiting);
		waiting = setTimeout(filter, 120);
	};

	const search = make("input", {type: "search", name: "text",
		spellcheck: false, autocomplete: "off"});
	let wanted = "";
	const words = rows.map(r => r.textContent.toLowerCase());
	search.addEventListener("input", () => {
		wanted = search.value.toLowerCase();
		later();
	});
	tests.push((row, k) => words[k].includes(wanted));
	controls.append(make("label", {}, "Text in a row", search));

	const choice = (name, read) => {
		const values = rows.map(read);
		const counts = new Map();
		values.forEach(v => counts.set(v, (counts.get(v) ?? 0) + 1));
		const select = make("select", {name: name.toLowerCase(),
			autocomplete: "off"}, make("option", {value: ""}, "all"));
		[...counts.keys()].sort().forEach((v, n) => select.append(
			make("option", {value: "v" + n, textContent:
				`${v} (${counts.get(v)})`})));
		const order = [...counts.keys()].sort();
		select.addEventListener("change", filter);
		tests.push((row, k) => !select.value ||
			values[k] === order[select.value.slice(1)]);
		controls.append(make("label", {}, name, select));
	};
	const place = r => r.querySelector(".h")?.textContent ?? "-";
	choice("Host", place);
	for (const name of ["Kind", "State", "Replay"])
		if (column(name) >= 0)
			choice(name, r => text(r, column(name)));

	const button = (words, act) => {
		const b = make("button", {type: "button", className: "button"}, words);
		b.addEventListener("click", () => act(b));
		return b;
	};
	const openAll = open => details.forEach(d => {
		if (!d.hidden)
			d.open = open;
	});
	controls.append(button("Open all", () => openAll(true)),
		button("Close all", () => openAll(false)), told);
	filter();

	// ---- lists to take along

	const copy = (list, b) => {
		const before = b.textContent;
		const say = words => {
			b.textContent = words;
			setTimeout(() => b.textContent = before, 2000);
		};
		navigator.clipboard.writeText([...new Set(list)].join("\n") + "\n")
			.then(() => say("Copied"), () => say("The browser refuses"));
	};
	const offer = (id, words, find) => {
		const heading = document.querySelector(`#${id} h2`);
		if (navigator.clipboard && find().length)
			heading.after(button(words, b => copy(find(), b)));
	};
	offer("objects", "Copy all SHA-256", () => all(
		"#objects .digests div:first-child .d").map(d => d.textContent));
	offer("hosts", "Copy all hosts", () => all(
		"#hosts tbody code.u").map(d => d.textContent));

	// ---- the way to a node

	const edges = new Map(all("path[data-to]").map(p => [p.dataset.to, p]));
	const nodes = new Map(all("a[data-row]").map(a => [a.dataset.row, a]));
	const light = (row, on) => {
		for (; row !== undefined; row = edges.get(row)?.dataset.from) {
			edges.get(row)?.classList.toggle("on", on);
			nodes.get(row)?.classList.toggle("on", on);
		}
	};
	nodes.forEach((a, row) => {
		for (const [type, on] of [["mouseenter", true], ["mouseleave", false],
			["focus", true], ["blur", false]])
			a.addEventListener(type, () => light(row, on));
	});

	// ---- paper

	let closed = [];
	addEventListener("beforeprint", () => {
		closed = all("details:not([open])");
		closed.forEach(d => d.open = true);
	});
	addEventListener("afterprint", () => closed.forEach(d => d.open = false));

	addEventListener("hashchange", reveal);
	reveal();
})();
