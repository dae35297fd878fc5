/** What `npm run build` writes into this command line; null when it runs from source. */
declare const VERSION: string;
declare const BUILD_ID: string;
declare const HELPER_SHA256: string;
declare const HELPER_BYTES: number;
declare const PTY_SHA256: string;

export const BUILD = {
  version: typeof VERSION === "undefined" ? null : VERSION,
  /** The build id that the helper of the same build answers to `version`. */
  buildId: typeof BUILD_ID === "undefined" ? null : BUILD_ID,
  /** Size and SHA-256 of the helper of the same build, lowercase hex. */
  helperBytes: typeof HELPER_BYTES === "undefined" ? null : HELPER_BYTES,
  helperSha256: typeof HELPER_SHA256 === "undefined" ? null : HELPER_SHA256,
  /** SHA-256 of the addon for terminals. */
  ptySha256: typeof PTY_SHA256 === "undefined" ? null : PTY_SHA256,
};

/** What `sallyport --version` says. */
export function versionText(): string {
  if (BUILD.version === null) return "sallyport, run from source";
  return `sallyport ${BUILD.version} (build ${BUILD.buildId})`;
}
