/**
 * Turns reports into text, JSON, JUnit XML and HTML. Pure functions: no file, no terminal, no
 * network.
 */

export { auditJson } from "./audit-json.js";
export { auditJunit } from "./audit-junit.js";
export { auditTable, type TableOptions } from "./audit-table.js";
export { compareTable } from "./compare-table.js";
export { auditHtml } from "./html/index.js";
