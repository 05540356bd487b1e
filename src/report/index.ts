/** Results as text, JSON, JUnit and HTML. Pure functions of a report: no file, terminal or network. */
export { compareTable } from "./compare-table.js";
// auditHtml
export { auditJson } from "./json.js";
export { auditJunit } from "./junit.js";
export { auditTable, type TableOptions } from "./table.js";
