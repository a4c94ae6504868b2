// Names for files that the console proposes.

/** Fit for a file name on any system; never empty. */
export function fileName(wanted: string, ending: string): string {
  const clean = wanted.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
  return `${clean === "" ? "postern" : clean.slice(0, 80)}${ending}`;
}
