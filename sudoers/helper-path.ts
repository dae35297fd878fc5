/** Where an installed helper may be: from the package, or from `sallyport setup-sudo`. */
export const HELPER_PATHS = [
  "/usr/libexec/sallyport/sallyport-helper",
  "/usr/local/libexec/sallyport/sallyport-helper",
] as const;
