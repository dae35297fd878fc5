/** Parts of ssh2 that it does without: never built, and dist/sallyport holds no native addon. */
export const NATIVE_ADDONS = ["cpu-features", "*.node"];
