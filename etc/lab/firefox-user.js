// Preferences of a new Firefox profile in the lab. They shut off what the
// browser would ask on its own, and leave alone what a page can see.

// The window
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.page", 0);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.newtabpage.enabled", false);
user_pref("browser.newtab.preload", false);
user_pref("datareporting.policy.firstRunURL", "");
user_pref("startup.homepage_welcome_url", "about:blank");
user_pref("termsofuse.bypassNotification", true);
user_pref("trailhead.firstrun.didSeeAboutWelcome", true);

// Telemetry and reports
user_pref("app.shield.optoutstudies.enabled", false);
user_pref("browser.crashReports.unsubmittedCheck.enabled", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("datareporting.usage.uploadEnabled", false);
user_pref("toolkit.telemetry.enabled", false);
user_pref("toolkit.telemetry.server", "");
user_pref("toolkit.telemetry.unified", false);
user_pref("telemetry.fog.test.localhost_port", -1);

// Updates, add-ons, remote settings
user_pref("app.normandy.enabled", false);
user_pref("nimbus.rollouts.enabled", false);
user_pref("messaging-system.rsexperimentloader.enabled", false);
user_pref("app.update.auto", false);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.region.network.url", "");
user_pref("browser.region.update.enabled", false);
user_pref("browser.search.update", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("extensions.systemAddon.update.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("media.gmp-manager.url", "");
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("media.gmp-provider.enabled", false);
user_pref("security.remote_settings.crlite_filters.enabled", false);
user_pref("security.remote_settings.intermediates.enabled", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("services.settings.poll_interval", 2147483647);

// Services of the maker
user_pref("browser.contentblocking.report.lockwise.enabled", false);
user_pref("browser.discovery.enabled", false);
user_pref("browser.ml.enable", false);
user_pref("browser.newtabpage.activity-stream.feeds.topsites", false);
user_pref("browser.newtabpage.activity-stream.showSponsored", false);
user_pref("browser.newtabpage.activity-stream.showSponsoredTopSites", false);
user_pref("browser.topsites.contile.enabled", false);
user_pref("browser.translations.enable", false);
user_pref("dom.push.connection.enabled", false);
user_pref("extensions.pocket.enabled", false);
user_pref("geo.provider.network.url", "");
user_pref("identity.fxaccounts.enabled", false);
user_pref("browser.safebrowsing.blockedURIs.enabled", false);
user_pref("browser.safebrowsing.downloads.enabled", false);
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.safebrowsing.update.enabled", false);
user_pref("browser.safebrowsing.provider.google4.updateURL", "");
user_pref("browser.safebrowsing.provider.google5.updateURL", "");
user_pref("browser.safebrowsing.provider.mozilla.updateURL", "");
user_pref("privacy.trackingprotection.enabled", false);
user_pref("privacy.trackingprotection.pbmode.enabled", false);

// The network: the lab's DNS and nothing else, http as http, TCP alone
user_pref("doh-rollout.enabled", false);
user_pref("network.trr.mode", 5);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
// The lab's network does not change, but its IPv6 address comes a second late:
// Firefox would take that for a change, and drop what is silent for 5 s.
user_pref("network.notify.changed", false);
user_pref("network.dns.disablePrefetch", true);
user_pref("network.http.http3.enable", false);
user_pref("network.http.speculative-parallel-limit", 0);
user_pref("network.predictor.enabled", false);
user_pref("network.proxy.type", 0);
user_pref("browser.search.suggest.enabled", false);
user_pref("browser.urlbar.quicksuggest.enabled", false);
user_pref("browser.urlbar.speculativeConnect.enabled", false);
user_pref("browser.urlbar.suggest.searches", false);
user_pref("dom.security.https_first", false);
user_pref("dom.security.https_first_schemeless", false);
user_pref("dom.security.https_only_mode", false);
user_pref("security.OCSP.enabled", 0);
user_pref("security.mixed_content.upgrade_display_content", false);
// A recorded page may well lead from a public address to a private one, as
// routers' exploits do; nobody asked about that then.
user_pref("network.lna.enabled", false);
user_pref("network.lna.blocking", false);

// What a user would have to press
user_pref("browser.download.alwaysOpenPanel", false);
user_pref("browser.download.always_ask_before_handling_new_types", false);
user_pref("browser.download.folderList", 2);
user_pref("browser.download.manager.addToRecentDocs", false);
user_pref("browser.download.useDownloadDir", true);
user_pref("browser.helperApps.neverAsk.saveToDisk", "application/octet-stream,application/x-msdownload,application/x-msdos-program,application/x-dosexec,application/zip,application/x-rar-compressed,application/x-7z-compressed,application/java-archive,application/x-java-archive,application/x-shockwave-flash,application/x-silverlight-app,application/msword,application/vnd.ms-excel,application/pdf,application/hta,application/x-ms-application,application/vnd.android.package-archive,text/csv");
user_pref("browser.tabs.warnOnClose", false);
user_pref("browser.warnOnQuit", false);
user_pref("media.autoplay.default", 0);
user_pref("permissions.default.camera", 2);
user_pref("permissions.default.desktop-notification", 2);
user_pref("permissions.default.geo", 2);
user_pref("permissions.default.microphone", 2);
user_pref("permissions.default.xr", 2);
user_pref("signon.rememberSignons", false);

// Windows of the page are followed, as tabs
user_pref("browser.link.open_newwindow.restriction", 0);
user_pref("dom.disable_open_during_load", false);

// Pages that hang are told of, so that the lab can end their scripts
user_pref("dom.ipc.processHangMonitor", true);
user_pref("dom.ipc.reportProcessHangs", true);
user_pref("dom.max_script_run_time", 2);
user_pref("dom.max_script_run_time.require_critical_input", false);
user_pref("browser.hangNotification.waitPeriod", 1000);
user_pref("browser.tabs.crashReporting.sendReport", false);

// What a page says with console.log goes to client.log
user_pref("browser.dom.window.dump.enabled", true);
user_pref("devtools.console.stdout.chrome", false);
user_pref("devtools.console.stdout.content", true);
user_pref("dom.permissions.testing.enabled", false);
