/** What the test page does: the work on one device, for the test to ask. */
import { work } from "./work.js";

Object.assign(globalThis, { work });
