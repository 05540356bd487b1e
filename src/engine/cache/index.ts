export { DiskCache, type DiskCacheOptions } from "./disk-cache.js";
export { userCache } from "./user-cache.js";
