import { describe, expect, it } from "vitest";
import { checkServer, serverOf } from "../../../../src/experiments/sweep/redis/server.js";
import { freePort } from "../../../support/redis.js";
import { expectUserError } from "../../../support/user-error.js";

describe("URLs of Redis servers", () => {
  it("A URL is parsed, and shown without user and password", () => {
    expect(serverOf("rediss://me:p%40ss%2Fword@example.org:6380/3")).toEqual({
      options: {
        ...{ host: "example.org", port: 6380, db: 3, username: "me", password: "p@ss/word", tls: {} },
      },
      shown: "rediss://example.org:6380/3",
    });
    expect(serverOf("redis://localhost")).toMatchObject({
      options: { host: "localhost", port: 6379, db: 0, username: undefined, password: undefined },
      shown: "redis://localhost:6379/0",
    });
    expect(serverOf("redis://[::1]:7000").options).toMatchObject({ host: "::1", port: 7000 });
  });

  it.each([
    "",
    "localhost:6379",
    "norm=bn",
    "http://:secret@localhost:6379",
    "redis://:secret@localhost:port",
    "redis://:secret@localhost/db",
    "redis://:secret@localhost/1?x=1",
    "redis://",
  ])("The URL %j is refused without being repeated", async (url) => {
    await expectUserError(async () => serverOf(url), "--redis", /expected redis:\/\/\[user:password@\]host/);
    await expectUserError(async () => serverOf(url), "--redis", /^(?!.*secret)/);
  });

  it("A server that does not answer is named without its password", async () => {
    const port = await freePort();
    const check = () => checkServer(serverOf(`redis://:secret@127.0.0.1:${port}`));
    await expectUserError(check, `redis://127.0.0.1:${port}/0`, /cannot be used \(ECONNREFUSED\)/);
    await expectUserError(check, `redis://127.0.0.1:${port}/0`, /^(?!.*secret)/);
  });
});
