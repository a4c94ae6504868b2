// A machine's state as one word: the paths of the innermost states, those side by side joined by "+".

/** `{ a: { b: "c" } }` is `a.b.c`; `{ a: { x: "on", y: "off" } }` is `a.x.on+a.y.off`. */
export function statePath(value: unknown): string {
  return leafPaths(value).join("+");
}

function leafPaths(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [String(value)];
  return Object.entries(value).flatMap(([name, inner]) => {
    const paths = leafPaths(inner);
    return paths.length === 0 ? [name] : paths.map((path) => `${name}.${path}`);
  });
}
