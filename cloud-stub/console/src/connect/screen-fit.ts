// Shows the panel's screen pixel for pixel where the window is large enough, and scaled down where it is not.

/** How the panel's screen is brought into the window. */
export type ScreenFit = "fit" | "one-to-one" | "remote";

/** Watches `stage` and the canvas that appears in it; calls `setScaling` whenever the answer may have changed. */
export function watchFit(stage: HTMLElement, setScaling: (isScaled: boolean) => void): () => void {
  const judge = (): void => {
    const canvas = stage.querySelector("canvas");
    if (canvas === null) return;
    setScaling(canvas.width > stage.clientWidth || canvas.height > stage.clientHeight);
  };
  const resize = new ResizeObserver(judge);
  resize.observe(stage);
  // The panel may change its size in mid-session; noVNC then sets the canvas's attributes.
  const mutation = new MutationObserver(judge);
  mutation.observe(stage, { subtree: true, childList: true, attributes: true, attributeFilter: ["width", "height"] });
  return () => {
    resize.disconnect();
    mutation.disconnect();
  };
}
