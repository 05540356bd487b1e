/**
 * Passed to `node --import`: the packages named in WITHOUT_PACKAGES cannot be found, as if they
 * were not installed.
 */
import { register } from "node:module";

const hook = `
  const missing = (process.env.WITHOUT_PACKAGES ?? "").split(",");
  export async function resolve(specifier, context, next) {
    if (!missing.includes(specifier)) return next(specifier, context);
    const error = new Error("Cannot find package '" + specifier + "'");
    throw Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
  }`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
