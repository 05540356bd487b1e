/**
 * A report of the format `blindspot.audit/1` in the present format. Version 1 knew one batch only,
 * so everything about several batches is null or `unknown`. Other values are returned as they are.
 */
export function upgradeReport(value: unknown): unknown {
  if (!isObject(value) || value.schema !== "blindspot.audit/1") return value;
  const { layers, summary } = value;
  return {
    ...value,
    schema: "blindspot.audit/2",
    batches: null,
    layers: Array.isArray(layers) ? layers.map(upgradeLayer) : layers,
    summary: isObject(summary)
      ? { ...summary, unmeasured: [], verdict: "unknown", normToBlame: "unknown", why: [] }
      : summary,
  };
}

function upgradeLayer(layer: unknown): unknown {
  if (!isObject(layer)) return layer;
  const { weights } = layer;
  return {
    ...layer,
    weights: isObject(weights) ? { ...weights, chance: null, chanceSd: null, overChance: null } : weights,
    status: "measured",
    agreement: null,
    batches: null,
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
