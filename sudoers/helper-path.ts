/** Where an installed helper may be: from the package, or from `sallyport setup-sudo`. */
export const HELPER_PATHS = [
  "/usr/libexec/sallyport/sallyport-helper",
  "/usr/local/libexec/sallyport/sallyport-helper",
] as const;

/** Root's own command line, from `sallyport setup-sudo`; the package has its own in /usr/bin. */
export const COMMAND_LINE_PATH = "/usr/local/libexec/sallyport/sallyport";

/** What `sudo sallyport` may run, in the order in which sudo and root look. */
export const COMMAND_LINE_NAMES = [
  "/usr/local/sbin/sallyport",
  "/usr/local/bin/sallyport",
  "/usr/sbin/sallyport",
  "/usr/bin/sallyport",
] as const;
