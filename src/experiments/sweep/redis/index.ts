export { redisRunner } from "./runner.js";
export { type Server, serverOf } from "./server.js";
export { work } from "./worker.js";
