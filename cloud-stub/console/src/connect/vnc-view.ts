// How the panel's picture travels: exact or lossy, and how much work goes into making it small.

export type PictureQuality = "exact" | "high" | "medium" | "low";

/** noVNC's JPEG quality levels; each differs from the others, because only a change is said to the panel. */
export const qualityLevels: Readonly<Record<PictureQuality, number>> = { exact: 9, high: 8, medium: 5, low: 1 };

export const qualityTexts: Readonly<Record<PictureQuality, string>> = {
  exact: "Exact, to the pixel",
  high: "High",
  medium: "Medium",
  low: "Low, for slow links",
};

export type Compression = "fast" | "balanced" | "small";

export const compressionLevels: Readonly<Record<Compression, number>> = { fast: 1, balanced: 2, small: 9 };

export const compressionTexts: Readonly<Record<Compression, string>> = {
  fast: "Fast",
  balanced: "Balanced",
  small: "As small as possible",
};
