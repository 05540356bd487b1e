/** Results as text, JSON, JUnit and HTML. Pure functions of a report: no file, terminal or network. */
export { compareTable } from "./compare-table.js";
export { auditHtml } from "./html/index.js";
export { auditJson } from "./json.js";
export { auditJunit } from "./junit.js";
export { auditTable, type TableOptions } from "./table.js";
