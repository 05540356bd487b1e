import { Option } from "commander";
import { UserError } from "../base/errors.js";
import type { Server } from "../experiments/sweep/redis/server.js";

/** `--redis` with a URL, or without one for that of the environment: other users see what a command is started with. */
export const redisOption = (): Option =>
  new Option("--redis [url]", "redis://[user:password@]host:port (without a URL: that of BLINDSPOT_REDIS)");

/** The server that `--redis` names. */
export async function serverOfFlag(flag: string | true): Promise<Server> {
  const url = flag === true ? process.env.BLINDSPOT_REDIS : flag;
  if (!url)
    throw new UserError("--redis: expected a URL here or in BLINDSPOT_REDIS, such as redis://localhost:6379");
  const { serverOf } = await import("../experiments/sweep/redis/server.js");
  return serverOf(url);
}
