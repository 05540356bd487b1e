/** Keeps compiled graphs on disk, for Node. */
export { DiskCache, type DiskCacheOptions } from "./disk-cache.js";
export { userCache } from "./user-cache.js";
