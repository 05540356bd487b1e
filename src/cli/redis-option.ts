import { Option } from "commander";
import { UserError } from "../base/errors.js";
import type { Server } from "../experiments/sweep/redis/server.js";

/**
 * The option `--redis`. Without a URL it uses BLINDSPOT_REDIS, because other users of the machine
 * can see the arguments of a command, and a URL may contain a password.
 */
export const redisOption = (): Option =>
  new Option(
    "--redis [url]",
    "Redis server, redis://[user:password@]host:port (without a URL: BLINDSPOT_REDIS)",
  );

/**
 * Returns the server that `--redis` names.
 * @throws UserError if there is no URL, or if it is not the URL of a Redis server.
 */
export async function serverOfFlag(flag: string | true): Promise<Server> {
  const url = flag === true ? process.env.BLINDSPOT_REDIS : flag;
  if (!url)
    throw new UserError(
      "--redis: expected a URL, got none; add one such as redis://localhost:6379, or set BLINDSPOT_REDIS",
    );
  const { serverOf } = await import("../experiments/sweep/redis/server.js");
  return serverOf(url);
}
