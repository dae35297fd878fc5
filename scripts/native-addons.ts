/** Parts of ssh2 that it does without: never built. The one addon there is stands beside dist/sallyport (terminal-addon.ts). */
export const NATIVE_ADDONS = ["cpu-features", "*.node"];
