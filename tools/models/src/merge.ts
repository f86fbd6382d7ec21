type Json = unknown;

/**
 * The one rule of a patch: objects merge key by key, `null` deletes the key, anything else (arrays too) replaces.
 * A key that starts with `//` is a comment. The base is not changed.
 */
export function merge(base: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json> = isObject(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("//")) continue;
    if (value === null) {
      if (!(key in merged)) throw new Error(`the patch deletes "${key}", which is not there`);
      delete merged[key];
    } else {
      merged[key] = merge(merged[key], value);
    }
  }
  return merged;
}

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
