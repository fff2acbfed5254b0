// Runs in Firefox' own window and keeps what a page makes the browser do.
// Everything kept is bounded; texts are cut here, and made harmless later.
const LINES = 200, REQUESTS = 20000, TEXT = 4096, TABS = 20;
const DOWNLOAD = 512 * 1024 * 1024; // bytes, then it is cancelled
const { Downloads } = ChromeUtils.importESModule(
  "resource://gre/modules/Downloads.sys.mjs");
const state = {
  requests: [], requestCount: 0, dialogs: [], dialogCount: 0, messages: [],
  messageCount: 0, crashes: [], hangs: [], ended: 0, closed: 0,
  downloads: [], observers: [],
};
window.reenact = state;
const cut = text => String(text ?? "").slice(0, TEXT);
const kinds = new Map(["OTHER", "SCRIPT", "IMAGE", "STYLESHEET", "OBJECT",
  "DOCUMENT", "SUBDOCUMENT", "PING", "XMLHTTPREQUEST", "DTD", "FONT", "MEDIA",
  "WEBSOCKET", "CSP_REPORT", "XSLT", "BEACON", "FETCH", "WEB_MANIFEST"].map(
  name => [Ci.nsIContentPolicy["TYPE_" + name], name.toLowerCase()]));
const known = new Map(); // channel identifiers: their requests
const bound = (list, item, most) => list.length < most && list.push(item);

function observe(topic, handler) {
  const observer = {
    observe(subject, name, data) {
      try { handler(subject, data); } catch (e) { state.odd = cut(e); }
    },
  };
  Services.obs.addObserver(observer, topic);
  state.observers.push(observer);
}

function http(subject) {
  return subject instanceof Ci.nsIHttpChannel ? subject : null;
}

function opening(subject) {
  const channel = http(subject);
  if (!channel || known.has(channel.channelId)) return;
  state.requestCount++;
  if (state.requests.length >= REQUESTS) return;
  const load = channel.loadInfo, before = load.redirectChain;
  const request = {
    time: Date.now() / 1000, method: cut(channel.requestMethod),
    url: cut(channel.URI.spec),
    type: kinds.get(load.externalContentPolicyType),
    initiator: before.length ? "redirect" : undefined,
    by: cut(before.length ? before[before.length - 1].principal.spec
      : load.triggeringPrincipal?.isContentPrincipal
        ? load.triggeringPrincipal.spec : "") || undefined,
    document: cut(load.browsingContext?.currentURI?.spec) || undefined,
    own: load.triggeringPrincipal?.isSystemPrincipal
      && !load.browsingContext || undefined,
    open: true,
  };
  known.set(channel.channelId, request);
  state.requests.push(request);
}

function examine(subject) {
  const channel = http(subject);
  const request = channel && known.get(channel.channelId);
  if (!request) return;
  request.status = channel.responseStatus;
  request.mime = cut(channel.contentType);
  try {
    const inner = channel.QueryInterface(Ci.nsIHttpChannelInternal);
    request.server = `${inner.remoteAddress} port ${inner.remotePort}`;
    request.protocol = cut(channel.protocolVersion);
  } catch (e) { /* from a cache, or a worker */ }
}

function stopping(subject) {
  const channel = http(subject);
  const request = channel && known.get(channel.channelId);
  if (!request) return;
  delete request.open;
  // the other end of a redirect has its own request
  if (channel.status === Cr.NS_BINDING_REDIRECTED) return;
  if (!Components.isSuccessCode(channel.status))
    request.failed = ChromeUtils.getXPCOMErrorName(channel.status);
}

observe("http-on-opening-request", opening);
observe("http-on-modify-request", opening);
observe("http-on-examine-response", examine);
observe("http-on-examine-cached-response", examine);
observe("http-on-stop-request", stopping);
observe("http-on-failed-opening-request", stopping);

observe("common-dialog-loaded", dialog => {
  const args = dialog.Dialog.args;
  state.dialogCount++;
  bound(state.dialogs, {
    type: cut(args.promptType), message: cut(args.text),
    url: cut(args.owningBrowsingContext?.currentURI?.spec),
  }, LINES);
  dialog.setTimeout(() => dialog.Dialog.ui.button0.click(), 0);
});

observe("process-hang-report", report => {
  report.QueryInterface(Ci.nsIHangReport);
  bound(state.hangs, report, LINES);
});

observe("ipc:content-shutdown", subject => {
  subject.QueryInterface(Ci.nsIPropertyBag2);
  if (subject.hasKey("abnormal"))
    bound(state.crashes, { process: "content" }, LINES);
});

Services.console.registerListener(state.listener = {
  observe(message) {
    if (!(message instanceof Ci.nsIScriptError)
      || !/^(https?|data|blob):/.test(message.sourceName)) return;
    state.messageCount++;
    bound(state.messages, {
      source: cut(message.category), text: cut(message.errorMessage),
      level: message.flags & 1 ? "warning" : "error",
      at: `${cut(message.sourceName)}:${message.lineNumber}`,
    }, LINES);
  },
});

gBrowser.tabContainer.addEventListener("TabOpen", event => {
  if (gBrowser.tabs.length <= TABS) return;
  state.closed++;
  const tab = event.target;
  setTimeout(() => gBrowser.removeTab(tab, { animate: false }), 0);
});

function changed(download) {
  let told = state.downloads.find(d => d.download === download);
  if (!told && bound(state.downloads, told = { download }, LINES) === false)
    return;
  if (download.currentBytes > DOWNLOAD) download.cancel();
}
Downloads.getList(Downloads.ALL).then(list => list.addView({
  onDownloadAdded: changed, onDownloadChanged: changed,
}));

// What of it the lab wants to know, at the end.
state.tell = () => {
  const tabs = [...gBrowser.tabs].map(tab => ({
    url: cut(tab.linkedBrowser.currentURI.spec),
    title: cut(tab.linkedBrowser.contentTitle),
    document: cut(tab.linkedBrowser.documentURI?.spec),
    crashed: tab.hasAttribute("crashed"),
  }));
  const workers = [];
  const found = Cc["@mozilla.org/serviceworkers/manager;1"]
    .getService(Ci.nsIServiceWorkerManager).getAllRegistrations();
  for (let i = 0; i < found.length && i < LINES; i++)
    workers.push({ scope: cut(found.queryElementAt(
      i, Ci.nsIServiceWorkerRegistrationInfo).scope) });
  const settings = Cc["@mozilla.org/sandbox/sandbox-settings;1"]
    .getService(Ci.mozISandboxSettings);
  const system = name => {
    try { return Services.sysinfo.getProperty(name); } catch (e) { return null; }
  };
  return {
    tabs, service_workers: workers, requests: state.requests,
    requestCount: state.requestCount, dialogs: state.dialogs,
    dialogCount: state.dialogCount, messages: state.messages,
    messageCount: state.messageCount, crashes: state.crashes,
    ended: state.ended, closed: state.closed, odd: state.odd,
    downloads: state.downloads.map(({ download: d }) => ({
      url: cut(d.source.url), name: cut(d.target.path.split("/").pop()),
      bytes: d.currentBytes, state: d.succeeded ? "completed"
        : d.error ? "failed" : d.canceled ? "canceled" : "inProgress",
    })),
    cookies: Services.cookies.cookies.length,
    sandbox: {
      level: settings.effectiveContentSandboxLevel,
      seccomp: system("hasSeccompBPF"), namespaces: system("hasUserNamespaces"),
      content: system("canSandboxContent"),
    },
  };
};

// Ends the scripts of pages that hang; says of how many.
state.free = () => {
  const hangs = state.hangs.splice(0);
  for (const hang of hangs) {
    try { hang.terminateScript(); state.ended++; } catch (e) { /* over */ }
  }
  return hangs.length;
};
