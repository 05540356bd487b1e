import { UserError } from "../../../base/errors.js";

/** A Redis server, as its URL names it. */
export interface Server {
  readonly options: Login;
  /** `redis://host:port/0`: without user and password, fit to show. */
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

/** Reads the URL of a server. Throws a UserError, which does not repeat the URL, as that may hold a password. */
export function serverOf(text: string): Server {
  if (!URL.canParse(text)) throw new UserError(`--redis: not a URL, ${EXPECTED}`);
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

/** Throws a UserError unless the server answers and lets us in. */
export async function checkServer({ options, shown }: Server): Promise<void> {
  const { Redis } = await import("ioredis");
  const client = new Redis({
    ...options,
    lazyConnect: true,
    connectTimeout: 5000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  // What goes wrong arrives as the rejection below, and as an event that nobody else hears.
  let reason: Error | undefined;
  client.on("error", (error: Error) => {
    reason ??= error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    const { code, message } = (reason ?? error) as NodeJS.ErrnoException;
    throw new UserError(`${shown}: cannot be used (${code ?? message}); is a Redis server running there?`);
  } finally {
    client.disconnect();
  }
}
