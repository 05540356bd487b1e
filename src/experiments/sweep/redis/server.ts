import { UserError } from "../../../base/errors.js";
import { loadIoredis } from "./clients.js";

/** A Redis server. */
export interface Server {
  readonly options: Login;
  /** The URL without user and password, for messages: `redis://host:port/0`. */
  readonly shown: string;
}

interface Login {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: object;
}

const EXPECTED = "expected redis://[user:password@]host[:port][/database], or rediss:// for TLS";

/**
 * Parses the URL of a server. The UserError for a wrong URL does not repeat it, because it may have
 * a password.
 */
export function serverOf(text: string): Server {
  if (!URL.canParse(text)) throw new UserError(`--redis: ${EXPECTED}, got no URL`);
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text);
  const [, database] = /^\/?(\d*)$/.exec(pathname) ?? [];
  if (
    !/^rediss?:$/.test(protocol) ||
    hostname === "" ||
    database === undefined ||
    search !== "" ||
    hash !== ""
  )
    throw new UserError(`--redis: ${EXPECTED}`);
  const secret = (part: string) => (part === "" ? undefined : decodeURIComponent(part));
  const options: Login = {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 6379),
    db: Number(database),
    username: secret(username),
    password: secret(password),
    ...(protocol === "rediss:" && { tls: {} }),
  };
  return { options, shown: `${protocol}//${hostname}:${options.port}/${options.db}` };
}

/**
 * Throws a UserError where the server does not answer, refuses the login, or the client packages
 * are missing.
 */
export async function checkServer({ options, shown }: Server): Promise<void> {
  const { Redis } = await loadIoredis();
  const client = new Redis({
    ...options,
    lazyConnect: true,
    connectTimeout: 5000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  // A failure arrives as a rejection and as an event. The event has the better reason.
  let reason: Error | undefined;
  client.on("error", (error: Error) => {
    reason ??= error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    const { code, message } = (reason ?? error) as NodeJS.ErrnoException;
    throw new UserError(
      `${shown}: cannot be used (${code ?? message}); check that a Redis server is running there`,
    );
  } finally {
    client.disconnect();
  }
}
